//! Protocol parameters of single requests: those of the first and the third leg.

use crate::escape;
use std::{fmt, sync::Arc};

macro_rules! extension {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            text: Arc<str>,
            escaped: Arc<str>,
        }

        impl $name {
            /// This value, not escaped.
            pub fn new(value: impl AsRef<str>) -> Self {
                let value = value.as_ref();
                Self {
                    text: value.into(),
                    escaped: escape::escaped(value).into(),
                }
            }

            /// The value.
            pub fn as_str(&self) -> &str {
                &self.text
            }

            pub(crate) fn escaped(&self) -> &str {
                &self.escaped
            }
        }
    };
}

extension! {
    /// `oauth_callback`: where the server sends the user after the second leg (RFC 5849 section 2.1).
    ///
    /// `ThreeLegs` takes it. As a **request extension** it goes on that one request, for those who
    /// send the first leg by themselves.
    Callback
}

extension! {
    /// `oauth_verifier`: what the user brings back from the second leg (RFC 5849 section 2.2).
    ///
    /// `ThreeLegs` takes it. As a **request extension** it goes on that one request, for those who
    /// send the third leg by themselves.
    Verifier
}

impl Callback {
    /// `oob`, out of band: there is no redirect; the user reads the verifier from a page and types it in.
    pub fn out_of_band() -> Self {
        Self::new("oob")
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Callback").field(&self.text).finish()
    }
}

/// Together with the temporary credentials, whoever has it gets the token.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier([redacted])")
    }
}
