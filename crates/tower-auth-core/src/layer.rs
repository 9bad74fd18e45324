//! A scheme as a layer, with the rules of where its credentials may go and whether requests are replayed.

use crate::{
    AuthError, IntoOrigins, KeepExisting, Mode, Origin, Renewable, Scheme, origin,
    replay::{NoReplay, Replay},
    scope::Scope,
    sum::Term,
};
use tower_layer::Layer;

/// A scheme, where its credentials may go, and how requests are replayed: a [`Layer`].
///
/// Schemes and sums are layers by themselves; this one says more. It comes from the methods of [`SchemeExt`], or from
/// [`AuthLayer::new`] for what cannot be a layer by itself: `AuthLayer::new(Some(basic))`.
#[derive(Clone, Debug)]
pub struct AuthLayer<A, R = NoReplay> {
    scheme: A,
    scope: Scope,
    replay: R,
}

impl<A> AuthLayer<A> {
    /// Any scheme as a layer. Credentials go to every https origin, and to this machine.
    pub fn new(scheme: A) -> Self {
        Self {
            scheme,
            scope: Scope::default(),
            replay: NoReplay,
        }
    }
}

impl<A, R> AuthLayer<A, R> {
    /// See [`SchemeExt::only_to`]. A later call replaces an earlier one. [`danger_allow_plaintext`](Self::danger_allow_plaintext)
    /// comes before it, where a text names http to another machine.
    pub fn only_to(self, origins: impl IntoOrigins) -> Result<Self, AuthError> {
        let is_text = origins.is_text();
        let origins = origin::collect(origins)?;
        if is_text && !self.scope.allows_plaintext() && origins.iter().any(Origin::is_exposed) {
            return Err(AuthError::configuration(
                "origin",
                "is http to another machine, where credentials may not go; use https, or call \
                 `danger_allow_plaintext` before",
            ));
        }
        Ok(Self {
            scope: self.scope.with_origins(origins),
            ..self
        })
    }

    /// See [`SchemeExt::danger_allow_plaintext`].
    #[must_use]
    pub fn danger_allow_plaintext(self) -> Self {
        Self {
            scope: self.scope.with_plaintext(),
            ..self
        }
    }

    pub(crate) fn map_scheme<W>(self, wrap: impl FnOnce(A) -> W) -> AuthLayer<W, R> {
        AuthLayer {
            scheme: wrap(self.scheme),
            scope: self.scope,
            replay: self.replay,
        }
    }

    /// See [`SchemeExt::replay`].
    pub fn replay<C>(self, clone_body: C) -> AuthLayer<A, Replay<C>>
    where
        A: Scheme<Mode: Renewable>,
    {
        AuthLayer {
            scheme: self.scheme,
            scope: self.scope,
            replay: Replay(clone_body),
        }
    }
}

impl<S, A: Scheme, R: Clone> Layer<S> for AuthLayer<A, R> {
    type Service = <A::Mode as Mode>::Service<S, A, R>;

    fn layer(&self, inner: S) -> Self::Service {
        <A::Mode as Mode>::wrap(
            inner,
            self.scheme.clone(),
            self.scope.clone(),
            self.replay.clone(),
        )
    }
}

/// What every scheme and every sum can be told.
pub trait SchemeExt: Scheme {
    /// Credentials go to these origins only; other requests pass *without* credentials.
    ///
    /// This is what keeps credentials at home when a redirect leads elsewhere. Put the layer *inside* (below) a layer
    /// that follows redirects, so that every hop is judged:
    ///
    /// ```
    /// use tower::ServiceBuilder;
    /// use tower_auth_core::{HeaderApiKey, SchemeExt};
    /// use tower_http::follow_redirect::FollowRedirectLayer;
    /// # use {http::{Request, Response}, std::convert::Infallible};
    /// # let http = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
    ///
    /// let client = ServiceBuilder::new()
    ///     .layer(FollowRedirectLayer::new())
    ///     .layer(HeaderApiKey::new("key")?.only_to("https://api.example.com")?)
    ///     .service(http);
    /// # Ok::<(), tower_auth_core::AuthError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for what is not an origin, or none at all; and for a
    /// text that names http to another machine, unless [`danger_allow_plaintext`](Self::danger_allow_plaintext) was
    /// called before. (When an [`Uri`](http::Uri) does, each request is refused.)
    fn only_to(self, origins: impl IntoOrigins) -> Result<AuthLayer<Self>, AuthError> {
        AuthLayer::new(self).only_to(origins)
    }

    /// Credentials may go over unencrypted http to other machines. Everybody on the way can read them.
    fn danger_allow_plaintext(self) -> AuthLayer<Self> {
        AuthLayer::new(self).danger_allow_plaintext()
    }

    /// Sends a request once more, authenticated afresh, when its credentials were refused and others can be had: an
    /// expired token, a nonce that the server wants. At most one more try.
    ///
    /// The body is copied by `clone_body` before the first try: [`Cloned`](crate::replay::Cloned) for bodies that are
    /// `Clone`, or a closure; a body that it cannot copy is sent once. Only for schemes whose mode is [`Deferred`](crate::Deferred):
    /// fixed credentials do not get better.
    ///
    /// When other credentials cannot be had either, that error is the answer. When they turn out to be the same again,
    /// the refusal is.
    fn replay<C>(self, clone_body: C) -> AuthLayer<Self, Replay<C>>
    where
        Self: Scheme<Mode: Renewable>,
    {
        AuthLayer::new(self).replay(clone_body)
    }

    /// Leaves a request alone that already carries what this scheme would write.
    ///
    /// By default a scheme overwrites, so that a proxy never passes on what its caller sent. A sum takes the result
    /// as a term, in the place that the scheme itself would have had.
    fn keep_existing(self) -> KeepExisting<Self>
    where
        Self: Term,
    {
        KeepExisting::new(self)
    }
}

impl<A: Scheme> SchemeExt for A {}

#[cfg(test)]
mod tests {
    use crate::{Basic, SchemeExt};
    use http::Uri;

    #[test]
    fn an_origin_that_could_never_get_credentials_is_refused_when_it_is_written() {
        let basic = || Basic::new("user", "password").unwrap();
        for bad in [
            "http://api.example.com",
            "http://127.0.0.1.example",
            "https://*.example.com",
        ] {
            assert!(basic().only_to(bad).is_err(), "{bad}");
            assert!(
                basic().only_to(["https://a.example", bad]).is_err(),
                "{bad}"
            );
        }
        for good in [
            "http://localhost:8080",
            "http://[::1]",
            "https://api.example.com",
        ] {
            assert!(basic().only_to(good).is_ok(), "{good}");
        }
        let open = basic().danger_allow_plaintext();
        assert!(open.only_to("http://api.example.com").is_ok());
        assert!(
            basic()
                .only_to(Uri::from_static("http://api.example.com"))
                .is_ok()
        );
    }
}
