//! What a case asks our code to sign.

use super::sent::Sent;
use crate::{
    case::Why,
    formats::url::Url,
    record::{Read as _, text},
    server::send,
};
use bytes::Bytes;
use http::{HeaderValue, Method as Verb, Request, Uri, header};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_oauth1::{
    Callback, InMemory, Method, NonceSource, OAuth1, PlaceSignature, RsaKey, Sign,
    SignatureInHeader, SigningKey, Verifier,
};

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Placement {
    #[default]
    Header,
    Query,
    Body,
}

/// A request, and how it is to be signed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) url: String,
    #[serde(rename = "host_header")]
    pub(crate) host: Option<String>,
    pub(super) body: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) placement: Placement,
    pub(super) signature_method: String,
    pub(super) client_key: String,
    pub(super) client_secret: Option<String>,
    pub(super) token: Option<String>,
    pub(super) token_secret: Option<String>,
    pub(super) callback: Option<String>,
    pub(super) verifier: Option<String>,
    pub(super) realm: Option<String>,
    pub(super) nonce: String,
    pub(super) timestamp: String,
    pub(super) body_hash: bool,
    pub(super) without_version: bool,
    pub(super) rsa_key: Option<String>,
    /// What is said of the case, and not to our code.
    #[serde(flatten)]
    pub(super) others: Map<String, Value>,
}

/// What an entry may say beside.
const OTHERS: [&str; 6] = [
    "id",
    "kind",
    "expect",
    "oauthlib",
    "authlib",
    "oauthlib_authlib_identical_output",
];

impl Asked {
    /// What an entry asks for.
    pub(crate) fn read(entry: &Value) -> Result<Self, Why> {
        let asked: Self = entry.read("")?;
        let mut others = asked.others.keys();
        match others.find(|name| !OTHERS.contains(&name.as_str())) {
            Some(name) => Err(format!("nothing judges `{name}`").into()),
            None => Ok(asked),
        }
    }

    /// What goes out below our layer.
    pub(super) async fn sent(&self) -> Result<Sent, Why> {
        self.signed_by(self.method()?).await
    }

    /// The base string: what a method of our own, with the same name, is given to sign.
    pub(super) async fn base_string(&self) -> Result<String, Why> {
        let capture = Capture {
            name: self.signature_method.clone(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&capture.seen);
        self.signed_by(Method::custom(capture)).await?;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(seen.clone()).map_err(text)
    }

    async fn signed_by(&self, method: Method) -> Result<Sent, Why> {
        let oauth = self.oauth(method)?;
        match self.placement {
            Placement::Header => self.through(oauth).await,
            Placement::Query => self.through(oauth.in_query()).await,
            Placement::Body => self.through(oauth.in_body()).await,
        }
    }

    async fn through<P>(&self, oauth: OAuth1<P, InMemory>) -> Result<Sent, Why>
    where
        P: PlaceSignature<Full<Bytes>>,
    {
        let before = self.request()?;
        let uri = before.uri().clone();
        let after = send(oauth, before).await?;
        Ok(Sent::new(uri, self.body.clone().unwrap_or_default(), after).await)
    }

    fn oauth(&self, method: Method) -> Result<OAuth1<SignatureInHeader, InMemory>, Why> {
        let seconds = self
            .timestamp
            .parse()
            .map_err(|_| "its timestamp is not a number")?;
        let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(seconds));
        let mut oauth = OAuth1::new(
            &self.client_key,
            self.client_secret.clone().unwrap_or_default(),
        )?
        .method(method)
        .clock(Clock::new(clock))
        .nonces(Always(self.nonce.clone()))
        .danger_reveal_secrets_without_tls();
        if let Some(token) = &self.token {
            oauth = oauth.token(token, self.token_secret.clone().unwrap_or_default());
        }
        if let Some(realm) = &self.realm {
            oauth = oauth.realm(realm)?;
        }
        if self.body_hash {
            oauth = oauth.body_hash();
        }
        if self.without_version {
            oauth = oauth.without_version();
        }
        Ok(oauth)
    }

    fn method(&self) -> Result<Method, Why> {
        let key = || {
            let pem = self.rsa_key.as_deref().ok_or("the file has no RSA key")?;
            Ok::<_, Why>(RsaKey::from_pem(pem)?)
        };
        Ok(match self.signature_method.as_str() {
            "HMAC-SHA1" => Method::HMAC_SHA1,
            "HMAC-SHA256" => Method::HMAC_SHA256,
            "HMAC-SHA512" => Method::HMAC_SHA512,
            "PLAINTEXT" => Method::PLAINTEXT,
            "RSA-SHA1" => Method::rsa_sha1(&key()?),
            "RSA-SHA256" => Method::rsa_sha256(&key()?),
            "RSA-SHA512" => Method::rsa_sha512(&key()?),
            other => return Err(format!("unknown method {other}").into()),
        })
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, Why> {
        let mut request = Request::new(Full::from(self.body.clone().unwrap_or_default()));
        *request.method_mut() = Verb::from_bytes(self.method.as_bytes()).map_err(text)?;
        *request.uri_mut() = uri(&self.url)?;
        for (name, value) in [
            (header::CONTENT_TYPE, &self.content_type),
            (header::HOST, &self.host),
        ] {
            if let Some(value) = value {
                let value = HeaderValue::from_str(value).map_err(text)?;
                request.headers_mut().insert(name, value);
            }
        }
        if let Some(callback) = &self.callback {
            request.extensions_mut().insert(Callback::new(callback));
        }
        if let Some(verifier) = &self.verifier {
            request.extensions_mut().insert(Verifier::new(verifier));
        }
        Ok(request)
    }
}

/// The URL as a client would have to send it.
///
/// `http::Uri` takes no blanks, quotes and the like, which do not go on the wire as they are: they are escaped here. In a
/// query that is another way to write the same parameters; in a path it is the path that is sent, and signed.
fn uri(url: &str) -> Result<Uri, Why> {
    if let Ok(uri) = url.parse() {
        return Ok(uri);
    }
    let sent = Url::split(url);
    let escape = |byte: u8| match byte {
        b'!'..=b'~' if !b"\"<>\\^`{|}".contains(&byte) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let target: String = sent.target.bytes().map(escape).collect();
    let uri = format!("{}://{}{target}", sent.scheme, sent.authority).parse();
    Ok(uri.map_err(|_| "its URL is none that a client can send")?)
}

#[derive(Debug)]
struct Always(String);

impl NonceSource for Always {
    fn nonce(&self) -> String {
        self.0.clone()
    }
}

/// Signs nothing and remembers the base string.
#[derive(Debug)]
struct Capture {
    name: String,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Sign for Capture {
    fn name(&self) -> &str {
        &self.name
    }

    fn sign(
        &self,
        base_string: &[u8],
        _: SigningKey<'_>,
    ) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = base_string.to_vec();
        Ok("captured".to_owned())
    }
}
