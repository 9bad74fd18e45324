//! Where the token goes: verbs that change the type of what is built.

use super::OAuth2Builder;
use crate::placement::InFormBody;
use http::HeaderName;
use tower_auth_core::{
    AuthError,
    bearer::{InAuthorization, InHeader, InQuery, Placement},
};

impl<G, P> OAuth2Builder<G, P> {
    /// `Authorization: <template>`, with the token in the place of `{token}`: `Token {token}`. By default
    /// `Bearer {token}`.
    pub fn token_template(self, template: impl AsRef<str>) -> OAuth2Builder<G, InAuthorization> {
        let template = template.as_ref();
        self.placed(InAuthorization::with_template(template))
    }

    /// A header of its own: `<name>: <template>`. The scheme becomes a key of sums.
    pub fn token_in_header(
        self,
        name: impl TryInto<HeaderName>,
        template: impl AsRef<str>,
    ) -> OAuth2Builder<G, InHeader> {
        let template = template.as_ref();
        self.placed(InHeader::new(name, template))
    }

    /// A query parameter: `?<name>=<token>` (RFC 6750 section 2.3, which advises against it). The scheme becomes a key
    /// of sums.
    pub fn token_in_query(self, name: impl AsRef<str>) -> OAuth2Builder<G, InQuery> {
        let name = name.as_ref();
        self.placed(InQuery::new(name))
    }

    /// A field of form bodies: `<name>=<token>` (RFC 6750 section 2.2, which advises against it). The scheme becomes a
    /// key of sums, for requests whose body is a [`FormBody`](crate::FormBody).
    pub fn token_in_form_body(self, name: impl AsRef<str>) -> OAuth2Builder<G, InFormBody> {
        let name = name.as_ref();
        self.placed(InFormBody::new(name))
    }

    /// Any other [`Placement`]: one that writes the token elsewhere, or signs each request with a key that it is bound to.
    pub fn token_placement<Q: Placement>(self, placement: Q) -> OAuth2Builder<G, Q> {
        self.placed(Ok(placement))
    }

    /// Tokens that are bound to this key (DPoP, RFC 9449): `Authorization: DPoP <token>`, and a proof in the header `DPoP`,
    /// signed for each request. Token requests carry one as well, refreshes included.
    ///
    /// Both servers may demand a nonce in it (`use_dpop_nonce`). The token endpoint is asked again by itself; for
    /// resource servers there is [`replay`](tower_auth_core::SchemeExt::replay). A token of type `Bearer` is refused:
    /// whoever stole it could use it.
    ///
    /// What is stored is bound to the key, so whoever takes it from a [`store`](Self::store) needs the same one: keep
    /// it, or have it kept with the token by [`dpop_kept`](Self::dpop_kept). One that is only made for this process finds
    /// nothing that another stored.
    ///
    /// ```
    /// use tower_auth_oauth2::{Algorithm, OAuth2, SigningKey};
    /// # use tower_auth_oauth2::{Body, HttpClient};
    /// # let http = HttpClient::new(tower::service_fn(async |_: http::Request<Body>| {
    /// #     Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
    /// # }));
    ///
    /// let auth = OAuth2::client_credentials("https://as.example.com/token", "s6BhdRkqt3", "gX1fBat3bV")
    ///     .dpop(SigningKey::generate(Algorithm::Es256)?)
    /// #   .http_client(http)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "dpop")]
    #[cfg_attr(docsrs, doc(cfg(feature = "dpop")))]
    pub fn dpop(self, key: crate::SigningKey) -> OAuth2Builder<G, crate::Dpop> {
        self.bound_to(crate::dpop::Keys::given(key))
    }

    /// The same with a key that is made here, and kept in the [`store`](Self::store) with the token that is bound to it:
    /// whoever finds the token there, such as this program when it is started again, goes on with its key. A refresh
    /// keeps it, as the refresh tokens of public clients are bound to it, too (RFC 9449 section 5).
    ///
    /// The algorithm is one of ES256, ES384, ES512 and EdDSA. The private key is in the store as a JWK (RFC 7517), beside
    /// the token: who can read the store can use both, so a key that must not leave its place goes to
    /// [`dpop`](Self::dpop).
    ///
    /// ```
    /// use tower_auth_oauth2::{Algorithm, OAuth2};
    /// use tower_auth_token::store::MemoryStore;
    /// # use tower_auth_oauth2::{Body, HttpClient};
    /// # let http = HttpClient::new(tower::service_fn(async |_: http::Request<Body>| {
    /// #     Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
    /// # }));
    ///
    /// let auth = OAuth2::refresh_token("https://as.example.com/token", "s6BhdRkqt3", "8xLOxBtZp8")
    ///     .dpop_kept(Algorithm::Es256)
    ///     .store(MemoryStore::new()) // or a file
    /// #   .http_client(http)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "dpop")]
    #[cfg_attr(docsrs, doc(cfg(feature = "dpop")))]
    pub fn dpop_kept(self, algorithm: crate::Algorithm) -> OAuth2Builder<G, crate::Dpop> {
        self.bound_to(crate::dpop::Keys::kept(algorithm))
    }

    #[cfg(feature = "dpop")]
    fn bound_to(self, keys: Result<crate::dpop::Keys, AuthError>) -> OAuth2Builder<G, crate::Dpop> {
        use crate::dpop::Proving;
        use std::sync::Arc;
        match keys.map(Proving::new).map(Arc::new) {
            Ok(proving) => {
                let mut builder = self.placed(Ok(crate::Dpop::new(Arc::clone(&proving))));
                builder.settings.proving = Some(proving);
                builder
            }
            Err(error) => self.placed(Err(error)),
        }
    }

    #[cfg_attr(not(feature = "dpop"), expect(unused_mut))]
    fn placed<Q>(mut self, placement: Result<Q, AuthError>) -> OAuth2Builder<G, Q> {
        #[cfg(feature = "dpop")]
        {
            self.settings.proving = None;
        }
        OAuth2Builder {
            grant: self.grant,
            placement,
            settings: self.settings,
        }
    }
}
