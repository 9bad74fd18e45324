//! What a placement learns of a token.

use http::Extensions;
use std::fmt;

/// A token as it was issued: its text, its type, and whatever came with it, such as a key that it is bound to.
///
/// Who holds tokens makes it, and [`Placement::place`](super::Placement::place) gets it, once for each token.
///
/// ```
/// use http::Extensions;
/// use tower_auth_core::bearer::Issued;
///
/// #[derive(Clone)]
/// struct ProofKey([u8; 32]);
///
/// let mut extensions = Extensions::new();
/// extensions.insert(ProofKey([7; 32]));
/// let issued = Issued::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")
///     .with_token_type("DPoP")
///     .with_extensions(&extensions);
/// assert_eq!(issued.token_type(), Some("DPoP"));
/// assert!(issued.get::<ProofKey>().is_some());
/// ```
#[derive(Clone, Copy)]
pub struct Issued<'a> {
    text: &'a str,
    token_type: Option<&'a str>,
    extensions: Option<&'a Extensions>,
}

impl<'a> Issued<'a> {
    /// A token of which nothing more than its text is known.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            token_type: None,
            extensions: None,
        }
    }

    /// With the `token_type` that the server said (RFC 6749 section 7.1).
    #[must_use]
    pub fn with_token_type(self, token_type: impl Into<Option<&'a str>>) -> Self {
        Self {
            token_type: token_type.into(),
            ..self
        }
    }

    /// With whatever came with it or belongs to it, by its type.
    #[must_use]
    pub fn with_extensions(self, extensions: &'a Extensions) -> Self {
        Self {
            extensions: Some(extensions),
            ..self
        }
    }

    /// Its text: what requests carry.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Its type, as the server wrote it; to be compared without regard to case.
    pub fn token_type(&self) -> Option<&'a str> {
        self.token_type
    }

    /// What came with it or belongs to it, of this type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&'a T> {
        self.extensions?.get()
    }
}

impl<'a> From<&'a str> for Issued<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text)
    }
}

/// Shows the type only.
impl fmt::Debug for Issued<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("token_type", &self.token_type)
            .finish_non_exhaustive()
    }
}
