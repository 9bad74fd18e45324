//! The three legs: how a client gets a token to act for a user (RFC 5849 section 2).

mod answer;
mod client;
mod error;
mod redirect;
mod secrets;
mod send;

pub use self::{
    answer::{TemporaryCredentials, TokenAnswer},
    error::{LegError, LegErrorKind},
};

use crate::{
    Callback, InMemory, OAuth1, PlaceSignature, SignatureInHeader, TokenCredentials, Verifier,
    escape,
};
use http::Uri;
use std::fmt;
use tower_auth_core::{AuthError, endpoint::parse_any};
use tower_auth_http::{Body, HttpClient};

/// The three legs of OAuth 1.0a, over any HTTP client (RFC 5849 section 2):
///
/// 1. [`temporary_credentials`](Self::temporary_credentials) asks the server for temporary credentials;
/// 2. [`authorization_uri`](Self::authorization_uri) is where the user says yes, and
///    [`TemporaryCredentials::verifier`] reads the redirect by which they come back;
/// 3. [`token_credentials`](Self::token_credentials) trades both for a token.
///
/// Nothing of a user is kept in here: one value serves any number of users at once.
///
/// ```no_run
/// # async fn legs(redirected_to: &str) -> Result<(), tower_auth_core::AuthError> {
/// use tower_auth_core::SchemeExt;
/// use tower_auth_oauth1::{Callback, OAuth1, ThreeLegs};
///
/// // With the feature `rustls`; without it, add `.http_client(…)`.
/// let legs = ThreeLegs::new(OAuth1::new("client key", "client secret")?).endpoints(
///     "https://photos.example.net/initiate",
///     "https://photos.example.net/authorize",
///     "https://photos.example.net/token",
/// )?;
///
/// let temporary = legs.temporary_credentials(&Callback::new("http://127.0.0.1:8080/ready")).await?;
/// println!("open {}", legs.authorization_uri(&temporary)?);
/// // … the browser comes back to http://127.0.0.1:8080/ready?oauth_token=…&oauth_verifier=…
/// let verifier = temporary.verifier(redirected_to)?;
/// let answer = legs.token_credentials(temporary, verifier).await?;
///
/// let layer = legs.oauth(answer.credentials()).only_to("https://photos.example.net")?;
/// # Ok(())
/// # }
/// ```
///
/// Answers are forms, as the RFC has it, or JSON objects, as some servers send. Redirects are not followed: they would carry
/// a signature to where it does not belong. What an answer may have, and how long it may take, is for the
/// [client](Self::http_client) to say.
#[derive(Clone)]
pub struct ThreeLegs<P = SignatureInHeader> {
    oauth: OAuth1<P, InMemory>,
    client: Option<HttpClient>,
    endpoints: Option<Endpoints>,
    unconfirmed: bool,
    plaintext: bool,
}

#[derive(Clone, Debug)]
struct Endpoints {
    temporary: Uri,
    authorization: Uri,
    token: Uri,
}

impl<P> ThreeLegs<P> {
    /// Signs as `oauth` says, whose token, if it has one, is not used. Sends by the default client (feature `client`, or
    /// `rustls` for https), unless there is [another](Self::http_client).
    pub fn new(oauth: OAuth1<P, InMemory>) -> Self {
        Self {
            oauth: oauth.without_token(),
            client: client::default_client(),
            endpoints: None,
            unconfirmed: false,
            plaintext: false,
        }
    }

    /// The three URIs of the server, as its documentation has them: for temporary credentials (a *request token*), for
    /// the user's authorization, and for token credentials (an *access token*).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) for what is not an absolute http or https
    /// URI.
    pub fn endpoints(
        self,
        temporary: impl AsRef<str>,
        authorization: impl AsRef<str>,
        token: impl AsRef<str>,
    ) -> Result<Self, AuthError> {
        let temporary = temporary.as_ref();
        let authorization = authorization.as_ref();
        let token = token.as_ref();
        let endpoints = Endpoints {
            temporary: parse_any("temporary credentials endpoint", temporary)?,
            authorization: parse_any("authorization endpoint", authorization)?,
            token: parse_any("token endpoint", token)?,
        };
        Ok(Self {
            endpoints: Some(endpoints),
            ..self
        })
    }

    /// Reaches the server by this client. Whatever client it is, an answer may have 1 MiB and an exchange take 60 s, unless
    /// [it says otherwise](HttpClient::max_answer).
    #[must_use]
    pub fn http_client(self, client: HttpClient) -> Self {
        Self {
            client: Some(client),
            ..self
        }
    }

    /// Takes temporary credentials without `oauth_callback_confirmed=true`. A server that does not send it speaks OAuth
    /// 1.0 without the *a*, where an attacker can have a victim confirm the attacker's own request.
    #[must_use]
    pub fn danger_allow_unconfirmed_callback(self) -> Self {
        Self {
            unconfirmed: true,
            ..self
        }
    }

    /// Lets the legs go over unencrypted http to other machines. Everybody on the way can read the token secrets in
    /// the answers.
    #[must_use]
    pub fn danger_allow_plaintext(self) -> Self {
        Self {
            plaintext: true,
            ..self
        }
    }

    fn the_endpoints(&self) -> Result<&Endpoints, AuthError> {
        self.endpoints.as_ref().ok_or_else(|| {
            AuthError::configuration("endpoints", "are not set; call `endpoints` first")
        })
    }

    /// Where to send the user: the authorization endpoint with `oauth_token` in its query (RFC 5849 section 2.2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) without
    /// [`endpoints`](Self::endpoints), or when the URI grows too long.
    pub fn authorization_uri(&self, temporary: &TemporaryCredentials) -> Result<Uri, AuthError> {
        self.authorization_uri_with(temporary, &[])
    }

    /// As [`authorization_uri`](Self::authorization_uri), with further parameters that the server knows, such as
    /// `force_login`.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn authorization_uri_with(
        &self,
        temporary: &TemporaryCredentials,
        parameters: &[(&str, &str)],
    ) -> Result<Uri, AuthError> {
        let endpoint = &self.the_endpoints()?.authorization;
        let mut text = endpoint.to_string();
        let token = [("oauth_token", temporary.credentials().token())];
        for (name, value) in parameters.iter().chain(&token) {
            let separator = match text.split_once('?') {
                None => "?",
                Some((_, "")) => "",
                Some(_) => "&",
            };
            text.push_str(separator);
            text.push_str(&escape::escaped(name));
            text.push('=');
            text.push_str(&escape::escaped(value));
        }
        text.parse()
            .map_err(|_| AuthError::configuration("authorization endpoint", "makes too long a URI"))
    }
}

impl<P: Clone> ThreeLegs<P> {
    /// The scheme that signs with this token.
    pub fn oauth(&self, token: &TokenCredentials) -> OAuth1<P, InMemory> {
        self.oauth.clone().credentials(token.clone())
    }
}

impl<P: PlaceSignature<Body>> ThreeLegs<P> {
    /// The first leg: asks for temporary credentials, and says where the user is to come back (RFC 5849 section 2.1).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials), with a [`LegError`] among its sources
    /// ([`LegError::of`] finds it); [`ErrorKind::Insecure`](tower_auth_core::ErrorKind::Insecure) for http to another machine;
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) without [`endpoints`](Self::endpoints) or a
    /// client; and those of signing.
    pub async fn temporary_credentials(
        &self,
        callback: &Callback,
    ) -> Result<TemporaryCredentials, AuthError> {
        let mut request = self.request(&self.the_endpoints()?.temporary)?;
        request.extensions_mut().insert(callback.clone());
        let read = |answer, secrets| TemporaryCredentials::read(answer, self.unconfirmed, secrets);
        self.send(request, "no temporary credentials", read).await
    }

    /// The third leg: trades temporary credentials and verifier for token credentials (RFC 5849 section 2.3).
    ///
    /// # Errors
    ///
    /// As for [`temporary_credentials`](Self::temporary_credentials).
    pub async fn token_credentials(
        &self,
        temporary: TemporaryCredentials,
        verifier: Verifier,
    ) -> Result<TokenAnswer, AuthError> {
        let mut request = self.request(&self.the_endpoints()?.token)?;
        let extensions = request.extensions_mut();
        extensions.insert(temporary.credentials().clone());
        extensions.insert(verifier);
        let read = |answer, _| TokenAnswer::read(answer);
        self.send(request, "no token credentials", read).await
    }
}

impl<P: fmt::Debug> fmt::Debug for ThreeLegs<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreeLegs")
            .field("oauth", &self.oauth)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}
