//! OAuth 1.0a as a scheme.

use crate::{
    Callback, Declared, DeclaredBody, InMemory, Method, NonceSource, PlaceSignature, ReadBody,
    SignatureInBody, SignatureInHeader, SignatureInQuery, SignaturePlacement, TokenCredentials,
    Verifier,
    base_string::{Protocol, Signed, Template, base_string},
    body::DEFAULT_LIMIT,
    body_hash::BodyHash,
    credentials::ClientCredentials,
    error::What,
    escape, form,
    method::{Signature, Signer},
    nonce::Nonces,
    placement::Ready,
    realm,
    timestamp::Timestamp,
};
use bytes::Bytes;
use http::{Method as Verb, Request};
use std::{borrow::Cow, fmt, sync::Arc};
use tower_auth_core::{
    AuthError, Authorize, Claim, Clock, ErrorKind, RequestHead, Scheme, Secret, fixed_scheme,
    scheme,
};

/// Signs every request with OAuth 1.0a (RFC 5849): a finisher.
///
/// Sends `Authorization: OAuth oauth_nonce="…", …, oauth_signature="…"`, or the same parameters in the
/// [query](Self::in_query) or in a [form](Self::in_body). Nonce and timestamp are fresh on every call, so a layer that
/// retries has to be above this one.
///
/// What is signed: the method, scheme, authority (that of the `Host` header when there is one), path, all parameters of
/// the query, and those of a body whose `Content-Type` is `application/x-www-form-urlencoded`. Query and body are
/// signed as they are, byte by byte, and never encoded anew. **A body that is not a form is not signed, not read, and
/// passes untouched**; [`body_hash`](Self::body_hash) covers it too, where the server knows that.
///
/// A redirect leads to another URI, which another signature is for: what follows redirects has to be above, too, and
/// [`only_to`](tower_auth_core::SchemeExt::only_to) keeps the token at home.
///
/// # Bodies
///
/// To read a form the body has to be in memory: `B: Body + Clone`, as `Full<Bytes>` is. For streams there is
/// [`declared_bodies`](Self::declared_bodies).
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::SchemeExt;
/// use tower_auth_oauth1::OAuth1;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Stands in for any HTTP client: answers with the header that it was sent.
/// let http = tower::service_fn(async |request: Request<Full<Bytes>>| {
///     Ok::<_, Infallible>(Response::new(request.headers()["authorization"].clone()))
/// });
///
/// let oauth = OAuth1::new("client key", "client secret")?.token("token", "token secret");
/// let client = oauth.only_to("https://api.example.com")?.layer(http);
/// let request = Request::get("https://api.example.com/photos?size=large").body(Full::default())?;
/// let header = client.oneshot(request).await?.into_body();
/// assert!(header.to_str()?.starts_with("OAuth oauth_nonce="));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OAuth1<P = SignatureInHeader, R = InMemory> {
    settings: Arc<Settings>,
    placement: P,
    reading: R,
}

#[derive(Clone)]
struct Settings {
    client: ClientCredentials,
    token: Option<TokenCredentials>,
    method: Method,
    signer: Signer,             // of the three above
    method_name: Box<str>,      // escaped
    template: Option<Template>, // of all that is fixed
    realm: Option<Box<str>>,
    version: bool,
    body_hash: Option<BodyHash>,
    reveal: bool,
    limit: usize,
    clock: Clock,
    nonces: Nonces,
}

impl OAuth1 {
    /// A client, as the server knows it (RFC 5849 calls these *client credentials*, others *consumer key and secret*).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the identifier is empty. The secret may be: RSA needs none.
    pub fn new(identifier: impl AsRef<str>, secret: impl Into<Secret>) -> Result<Self, AuthError> {
        let identifier = identifier.as_ref();
        if identifier.is_empty() {
            return Err(AuthError::configuration("client identifier", "is empty"));
        }
        let client = ClientCredentials::new(identifier, secret.into());
        let method = Method::default();
        let new = Self {
            settings: Arc::new(Settings {
                signer: client.signer(&method, None),
                client,
                token: None,
                method,
                method_name: Box::default(),
                template: None,
                realm: None,
                version: true,
                body_hash: None,
                reveal: false,
                limit: DEFAULT_LIMIT,
                clock: Clock::system(),
                nonces: Nonces::default(),
            }),
            placement: SignatureInHeader,
            reading: InMemory,
        };
        Ok(new.with(|_| {}))
    }
}

impl<P, R> OAuth1<P, R> {
    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        let settings = Arc::make_mut(&mut self.settings);
        change(settings);
        settings.prepare();
        self
    }

    /// Acts for a user: token and token secret, as the third leg gave them. Without, only the client is known.
    #[must_use]
    pub fn token(self, token: impl AsRef<str>, secret: impl Into<Secret>) -> Self {
        let token = token.as_ref();
        self.credentials(TokenCredentials::new(token, secret))
    }

    /// As [`token`](Self::token), with credentials at hand.
    #[must_use]
    pub fn credentials(self, token: TokenCredentials) -> Self {
        self.with(|settings| settings.token = Some(token))
    }

    #[cfg(feature = "legs")]
    pub(crate) fn without_token(self) -> Self {
        self.with(|settings| settings.token = None)
    }

    #[cfg(feature = "legs")]
    pub(crate) fn client_secret(&self) -> &Secret {
        &self.settings.client.secret
    }

    /// How requests are signed. Default: [`Method::HMAC_SHA1`].
    #[must_use]
    pub fn method(self, method: Method) -> Self {
        self.with(|settings| settings.method = method)
    }

    /// Sends `realm="…"` in the header. It is not signed, and not sent in a query or a form.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when it has control characters.
    pub fn realm(self, realm: impl AsRef<str>) -> Result<Self, AuthError> {
        let realm = realm.as_ref();
        let realm = realm::quote(realm)?;
        Ok(self.with(|settings| settings.realm = Some(realm.into())))
    }

    /// Leaves out `oauth_version="1.0"`, which is optional (RFC 5849 section 3.1).
    #[must_use]
    pub fn without_version(self) -> Self {
        self.with(|settings| settings.version = false)
    }

    /// Covers bodies that are not forms by `oauth_body_hash`, as LTI wants it: base64 of their SHA-1, whatever the
    /// signature method (draft-eaton-oauth-bodyhash). They are then read as forms are. An empty body has a hash too.
    #[must_use]
    pub fn body_hash(self) -> Self {
        self.with(|settings| settings.body_hash = Some(BodyHash::Sha1))
    }

    /// As [`body_hash`](Self::body_hash), of their SHA-256: what Mastercard wants along with `RSA-SHA256`.
    #[must_use]
    pub fn body_hash_sha256(self) -> Self {
        self.with(|settings| settings.body_hash = Some(BodyHash::Sha256))
    }

    /// How large a body may be, in bytes, that has to be read. Default: [`DEFAULT_LIMIT`]. A larger one is an error.
    #[must_use]
    pub fn limit(self, bytes: usize) -> Self {
        self.with(|settings| settings.limit = bytes)
    }

    /// Where timestamps come from. Default: the machine's clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|settings| settings.clock = clock)
    }

    /// Where nonces come from. Default: 120 random bits from the operating system, as 30 hexadecimal digits.
    #[must_use]
    pub fn nonces(self, source: impl NonceSource + 'static) -> Self {
        self.with(|settings| settings.nonces = Nonces::Custom(Arc::new(source)))
    }

    /// Lets [`Method::PLAINTEXT`] go over unencrypted http to other machines. Everybody on the way can read both
    /// secrets then. Without it that is an error, even where
    /// [`danger_allow_plaintext`](tower_auth_core::SchemeExt::danger_allow_plaintext) lets signed requests through.
    #[must_use]
    pub fn danger_reveal_secrets_without_tls(self) -> Self {
        self.with(|settings| settings.reveal = true)
    }

    /// Puts the parameters at the end of the query.
    #[must_use]
    pub fn in_query(self) -> OAuth1<SignatureInQuery, R> {
        self.placed(SignatureInQuery)
    }

    /// Puts the parameters at the end of the body, which has to be a form. Needs a body made of bytes
    /// (`B: From<Bytes>`).
    ///
    /// A `GET` or `HEAD` request, or a body that is no form, is an error: nothing is rewritten silently.
    #[must_use]
    pub fn in_body(self) -> OAuth1<SignatureInBody, R> {
        self.placed(SignatureInBody)
    }

    fn placed<T>(self, placement: T) -> OAuth1<T, R> {
        OAuth1 {
            settings: self.settings,
            placement,
            reading: self.reading,
        }
    }

    /// Takes bodies of any type, streams among them. Those that must be read, forms before all, have to come with a
    /// [`DeclaredBody`] extension; [`BufferForms`](crate::BufferForms) puts it there. A form without it is an error.
    #[must_use]
    pub fn declared_bodies(self) -> OAuth1<P, Declared> {
        OAuth1 {
            settings: self.settings,
            placement: self.placement,
            reading: Declared,
        }
    }
}

impl<P: SignaturePlacement, R: Clone> Scheme for OAuth1<P, R> {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        P::claims(visit);
    }
}

impl<B, P: PlaceSignature<B>, R: ReadBody<B>> Authorize<B> for OAuth1<P, R> {
    fn authorize(&self, (): (), request: &mut Request<B>) -> Result<(), AuthError> {
        let settings = &*self.settings;
        let is_form = form::is_form(request.headers());
        if P::IN_BODY {
            if matches!(*request.method(), Verb::GET | Verb::HEAD) {
                return Err(What::NoBody.into());
            }
            if !is_form {
                return Err(What::NotAForm.into());
            }
        }
        let reveals = settings.method.reveals_secrets();
        if reveals && !settings.reveal && !RequestHead::from(&*request).is_private() {
            return Err(AuthError::new(
                ErrorKind::Insecure,
                "refusing to send the secrets of OAuth's PLAINTEXT in the clear to another machine; use https or \
                 another signature method, or allow it with `danger_reveal_secrets_without_tls`",
            ));
        }
        let bytes = if is_form || settings.body_hash.is_some() {
            self.reading
                .read(request.body(), request.extensions(), settings.limit)?
        } else {
            Bytes::new()
        };
        let hash = settings.body_hash.filter(|_| !is_form);
        let hash = hash.map(|hash| hash.escaped(&bytes));
        let form: &[u8] = if is_form { &bytes } else { b"" };
        settings.stamp::<B, P>(request, form, hash.as_deref())?;
        if P::IN_BODY {
            request.extensions_mut().remove::<DeclaredBody>(); // no longer what the body is
        }
        Ok(())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("client", &self.client)
            .field("token", &self.token)
            .field("method", &self.method)
            .field("realm", &self.realm)
            .field("version", &self.version)
            .field("body_hash", &self.body_hash)
            .field("reveal_secrets_without_tls", &self.reveal)
            .field("limit", &self.limit)
            .field("clock", &self.clock)
            .field("nonces", &self.nonces)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Computes all that does not change from request to request.
    fn prepare(&mut self) {
        self.signer = self.client.signer(&self.method, self.token.as_ref());
        self.method_name = escape::escaped(self.method.name()).into();
        let protocol = Protocol {
            nonce: "",
            timestamp: "",
            version: self.version.then_some("1.0"),
            signature_method: &self.method_name,
            consumer_key: &self.client.escaped,
            token: escaped(self.token.as_ref()),
            callback: None,
            verifier: None,
            body_hash: None,
            in_header: true,
            template: None,
        };
        self.template = Template::new(protocol, self.realm.as_deref());
    }

    /// Makes nonce, timestamp and signature, and puts them on the request.
    fn stamp<B, P: PlaceSignature<B>>(
        &self,
        request: &mut Request<B>,
        form: &[u8],
        body_hash: Option<&str>,
    ) -> Result<(), AuthError> {
        let nonce = self.nonces.next().map_err(|error| {
            AuthError::new(
                ErrorKind::Request,
                "the operating system gave no randomness for a nonce",
            )
            .with_source(error)
        })?;
        let timestamp = Timestamp::of(&self.clock);
        let own = if request.extensions().is_empty() {
            Own::default()
        } else {
            Own::of(request)
        };
        let (token, signer) = match &own.token {
            None => (self.token.as_ref(), Cow::Borrowed(&self.signer)),
            Some(token) => {
                let signer = self.client.signer(&self.method, Some(token));
                (Some(token), Cow::Owned(signer))
            }
        };
        let protocol = Protocol {
            nonce: nonce.as_str(),
            timestamp: timestamp.as_str(),
            version: self.version.then_some("1.0"),
            signature_method: &self.method_name,
            consumer_key: &self.client.escaped,
            token: escaped(token),
            callback: own.callback.as_ref().map(Callback::escaped),
            verifier: own.verifier.as_ref().map(Verifier::escaped),
            body_hash,
            in_header: P::IN_HEADER,
            template: self
                .template
                .as_ref()
                .filter(|_| own.is_empty() && body_hash.is_none()),
        };
        let signature = self.sign(&signer, request, form, &protocol)?;
        P::place(
            request,
            Ready {
                protocol: &protocol,
                signature: &signature,
                realm: self.realm.as_deref(),
                form,
                wipe: signer.wipes(),
            },
        )?;
        Ok(())
    }

    fn sign<B>(
        &self,
        signer: &Signer,
        request: &Request<B>,
        form: &[u8],
        protocol: &Protocol<'_>,
    ) -> Result<Signature, AuthError> {
        let base_string = base_string(
            Signed {
                method: request.method(),
                uri: request.uri(),
                headers: request.headers(),
                form,
            },
            protocol,
        )?;
        signer.sign(&base_string)
    }
}

/// An empty token is as good as none (RFC 5849 section 3.1).
fn escaped(token: Option<&TokenCredentials>) -> Option<&str> {
    token
        .map(TokenCredentials::escaped)
        .filter(|token| !token.is_empty())
}

/// What this one request brings.
#[derive(Default)]
struct Own {
    token: Option<TokenCredentials>,
    callback: Option<Callback>,
    verifier: Option<Verifier>,
}

impl Own {
    fn is_empty(&self) -> bool {
        self.token.is_none() && self.callback.is_none() && self.verifier.is_none()
    }

    fn of<B>(request: &Request<B>) -> Self {
        let extensions = request.extensions();
        Self {
            token: extensions.get().cloned(),
            callback: extensions.get().cloned(),
            verifier: extensions.get().cloned(),
        }
    }
}

scheme!(finisher [P: SignaturePlacement, R: Clone] OAuth1<P, R>);
