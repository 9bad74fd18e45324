//! The scheme.

use crate::{grant::Flow, kept::Kept};
use http::Request;
use std::fmt;
use tower_auth_core::{
    AuthError, Authorize, Claim, Deferred, RequestHead, Scheme, Secret, Step,
    bearer::{InAuthorization, Placement, Put},
    scheme,
};
use tower_auth_token::{AcquireLoan, Loan, Placed, SentToken, Token, TokenAuth};

/// Bearer tokens of an authorization server (RFC 6749), fetched when they are needed and renewed before they expire: a
/// scheme.
///
/// Its constructors begin a builder for each grant; all builders have the same verbs, and `build` makes the scheme:
///
/// | grant | constructor |
/// | --- | --- |
/// | client credentials (RFC 6749 section 4.4) | [`client_credentials`](Self::client_credentials) |
/// | refresh token (section 6) | [`refresh_token`](Self::refresh_token) |
/// | JWT bearer (RFC 7523) | `jwt_bearer`, `google_service_account` (feature `jwt`) |
/// | SAML bearer (RFC 7522) | [`saml_bearer`](Self::saml_bearer) |
/// | token exchange (RFC 8693) | [`token_exchange`](Self::token_exchange) |
/// | authorization code (section 4.1), in a browser | `authorization_code` (feature `browser`) |
/// | device authorization (RFC 8628) | [`device_authorization`](Self::device_authorization) |
/// | a way of your own | [`from_fn`](Self::from_fn) |
/// | implicit (section 4.2), which RFC 9700 advises against | `implicit` (feature `implicit`) |
/// | resource owner password (section 4.3), which RFC 9700 forbids | `password` (feature `password`) |
///
/// It is a finisher of sums when the token goes into `Authorization`, and a key anywhere else. While a token is good, a
/// request costs little more than with a fixed one, and allocates nothing. Ten thousand requests on an expired token make one token request; when
/// it fails, all get its error, and those who come soon after. A request that is answered 401 drops the token if it is
/// still the current one, and with [`replay`](tower_auth_core::SchemeExt::replay) is sent once more with another.
/// Challenges of `insufficient_scope` and step-up do neither; see [`BearerError`](crate::BearerError).
///
/// Clones share the token. Errors are of kind [`Credentials`](tower_auth_core::ErrorKind::Credentials), with a
/// [`TokenError`](crate::TokenError) as their source.
///
/// ```
/// use std::convert::Infallible;
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::{SchemeExt, replay::Cloned};
/// use tower_auth_oauth2::{HttpClient, OAuth2};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = HttpClient::new(tower::service_fn(async |_: Request<tower_auth_oauth2::Body>| {
/// #     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA"}"#)))
/// # }));
/// # let http = tower::service_fn(async |request: Request<String>| {
/// #     Ok::<_, Infallible>(Response::new(request.headers()["authorization"].clone()))
/// # });
/// let auth = OAuth2::client_credentials("https://as.example.com/token", "s6BhdRkqt3", "gX1fBat3bV")
///     .scope("orders:read")
/// #     .http_client(server)
///     .build()?;
///
/// let client = auth.only_to("https://api.example.com")?.replay(Cloned).layer(http);
/// let request = Request::get("https://api.example.com/orders").body(String::new())?;
/// assert_eq!(client.oneshot(request).await?.into_body(), "Bearer 2YotnFZFEjr1zCsicMWpAA");
/// # Ok(())
/// # }
/// ```
pub struct OAuth2<P: Placement = InAuthorization> {
    pub(crate) tokens: TokenAuth<Kept, P>,
}

impl<P: Placement> OAuth2<P> {
    /// The token, fetched when there is no good one: for what is not sent through a client of this crate.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when none could be had.
    pub async fn token(&self) -> Result<Secret, AuthError> {
        Ok(self.tokens.cache().get().await?.access().clone())
    }

    /// The scope that the token was granted (RFC 6749 section 5.1), when the server said it; fetched with the token when
    /// there is no good one. It is kept in the store, too, so it is known of a token that another process fetched.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when none could be had.
    pub async fn granted_scope(&self) -> Result<Option<String>, AuthError> {
        Ok(self.tokens.cache().get().await?.scope().map(str::to_owned))
    }

    /// Forgets the token and its refresh token, also in the store. A fetch under way comes too late. This does not tell
    /// the server; see [`Revocation`](crate::Revocation).
    ///
    /// # Errors
    ///
    /// When the store could not forget. The memory is empty nonetheless.
    pub async fn clear(&self) -> Result<(), AuthError> {
        self.tokens.cache().clear().await
    }
}

impl<P: Placement> Scheme for OAuth2<P> {
    type Mode = Deferred;
    type Credentials = Loan<Placed<Token, P>>;
    type Sent = SentToken<P::Sent>;
    type Acquire = AcquireLoan<Placed<Token, P>>;

    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, Self::Acquire> {
        self.tokens.acquire(request, refused)
    }

    #[inline(always)]
    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        self.tokens.acquire_mut(request)
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        self.tokens.is_same(sent, next)
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.tokens.claims(visit);
    }
}

impl<B, P: Put<B>> Authorize<B> for OAuth2<P> {
    #[inline]
    fn authorize(
        &self,
        loan: Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<Self::Sent, AuthError> {
        self.tokens.authorize(loan, request)
    }
}

scheme!(slot(<P as Placement>::Slot) [P: Placement] OAuth2<P>);

impl<P: Placement> Clone for OAuth2<P> {
    fn clone(&self) -> Self {
        Self {
            tokens: self.tokens.clone(),
        }
    }
}

impl<P: Placement> fmt::Debug for OAuth2<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.tokens.cache().source();
        let tokens = source.source().tokens();
        let flow: &dyn Flow = &*tokens.flow;
        f.debug_struct("OAuth2")
            .field("grant", &flow)
            .field("endpoint", &tokens.endpoint)
            .field("placement", source.placement())
            .finish_non_exhaustive()
    }
}
