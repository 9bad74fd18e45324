//! Values that are there, and those that are made when they are sent.

#[cfg(feature = "jwt")]
use crate::Assertion;
use crate::identity::Identity;
use std::{future::Future, pin::Pin, sync::Arc, time::SystemTime};
use tower_auth_core::{AuthError, Secret};

/// The value of a parameter.
#[derive(Clone)]
pub(crate) struct Value {
    made: Made,
    /// Which value it is, in the words of the user, however often it changes.
    label: Option<String>,
}

#[derive(Clone)]
enum Made {
    Text(Secret),
    #[cfg(feature = "jwt")]
    Signed(Box<Assertion>),
    Asked(Arc<dyn Fn() -> Answer + Send + Sync>),
}

type Answer = Pin<Box<dyn Future<Output = Result<Secret, AuthError>> + Send>>;

impl Value {
    pub(crate) fn text(text: impl Into<Secret>) -> Self {
        Self::of(Made::Text(text.into()))
    }

    /// Signed whenever it is sent, with a time and an id of its own.
    #[cfg(feature = "jwt")]
    pub(crate) fn signed(assertion: Assertion) -> Self {
        Self::of(Made::Signed(Box::new(assertion)))
    }

    /// Asked for whenever it is sent.
    pub(crate) fn asked<F, T>(fetch: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<Secret, AuthError>> + Send + 'static,
    {
        Self::of(Made::Asked(Arc::new(move || Box::pin(fetch()))))
    }

    const fn of(made: Made) -> Self {
        Self { made, label: None }
    }

    /// This value, told from others by a label.
    pub(crate) fn labelled(self, label: Option<String>) -> Self {
        Self { label, ..self }
    }

    /// Whether it is known to be empty.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.made, Made::Text(text) if text.is_empty())
    }

    pub(super) async fn get(&self, now: SystemTime, url: &str) -> Result<Secret, AuthError> {
        let _ = (now, url);
        match &self.made {
            Made::Text(text) => Ok(text.clone()),
            #[cfg(feature = "jwt")]
            Made::Signed(assertion) => assertion.sign(now, url),
            Made::Asked(fetch) => fetch().await,
        }
    }

    /// What stays the same from one time to the next. `None` when that cannot be told.
    pub(super) fn identify(&self, url: &str, identity: &mut Identity) -> Option<()> {
        let _ = url;
        match (&self.label, &self.made) {
            (Some(label), _) => identity.add("label", label.as_bytes()),
            (None, Made::Text(text)) => identity.add("text", text.expose().as_bytes()),
            #[cfg(feature = "jwt")]
            (None, Made::Signed(assertion)) => assertion.identify(url, identity)?,
            (None, Made::Asked(_)) => return None,
        }
        Some(())
    }
}
