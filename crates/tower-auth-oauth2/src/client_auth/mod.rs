//! How a client authenticates at the token endpoint (RFC 6749 section 2.3).

mod scheme;

pub(crate) use self::scheme::AnyScheme;
#[cfg(feature = "jwt")]
use crate::form::Value;
use crate::form::{self, Form};
#[cfg(feature = "jwt")]
use crate::{Algorithm, SigningKey, jwt::Assertion};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, Request, header::AUTHORIZATION};
use std::{fmt, sync::Arc};
use tower_auth_core::{AuthError, Authorize, Secret, insert_header, sensitive_header};
use tower_auth_http::Body;
use zeroize::Zeroizing;

/// How a client authenticates at the token endpoint, and at those for revocation and introspection.
///
/// | built by | method (RFC 8414) | what goes on the wire |
/// | --- | --- | --- |
/// | [`basic`](Self::basic) | `client_secret_basic` | `Authorization: Basic`, id and secret form-encoded first (RFC 6749 section 2.3.1) |
/// | [`basic_raw`](Self::basic_raw) | | the same, not form-encoded, for servers that do not decode |
/// | [`post`](Self::post) | `client_secret_post` | `client_id` and `client_secret` in the body |
/// | [`public`](Self::public) | `none` | `client_id` in the body |
/// | [`mutual_tls`](Self::mutual_tls) | `tls_client_auth` | `client_id` in the body, a certificate shown by the HTTP client (RFC 8705) |
/// | [`secret_jwt`](Self::secret_jwt) | `client_secret_jwt` | an assertion, signed with the secret (RFC 7523) |
/// | [`private_key_jwt`](Self::private_key_jwt) | `private_key_jwt` | an assertion, signed with a private key (RFC 7523); RFC 9700 recommends it |
/// | [`scheme`](Self::scheme) | | what any other scheme writes |
/// | [`anonymous`](Self::anonymous) | | nothing |
///
/// `Debug` shows the method and the client's id only.
#[derive(Clone)]
pub struct ClientAuth(Method);

#[derive(Clone)]
enum Method {
    Anonymous,
    Basic {
        id: String,
        secret: Secret,
        header: HeaderValue,
        raw: bool,
    },
    Post {
        id: String,
        secret: Secret,
    },
    Public {
        id: String,
        certificate: bool,
    },
    #[cfg(feature = "jwt")]
    Assertion {
        id: String,
        assertion: Box<Assertion>,
    },
    Scheme(Arc<dyn AnyScheme>),
}

impl ClientAuth {
    /// `Authorization: Basic`, id and secret form-encoded before they are joined, as RFC 6749 section 2.3.1 wants it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the id is empty.
    pub fn basic(id: impl AsRef<str>, secret: impl Into<Secret>) -> Result<Self, AuthError> {
        let id = id.as_ref();
        let secret = secret.into();
        let (left, right) = (form::encode(id), form::encode(secret.expose()));
        Self::basic_header(id, secret, &left, &right, false)
    }

    /// `Authorization: Basic`, id and secret as they are, for servers that do not decode them. The same as
    /// [`basic`](Self::basic) for ids and secrets of letters, digits, `*`, `-`, `.` and `_`.
    ///
    /// # Errors
    ///
    /// As [`basic`](Self::basic), and when the id has a colon, at which the server would split, or either has a control
    /// character (RFC 7617 section 2).
    pub fn basic_raw(id: impl AsRef<str>, secret: impl Into<Secret>) -> Result<Self, AuthError> {
        let id = id.as_ref();
        if id.contains(':') {
            return Err(AuthError::configuration(
                "client_id",
                "has a colon, at which the server would split it; form-encode it with `ClientAuth::basic`",
            ));
        }
        let secret = secret.into();
        for (parameter, text) in [("client_id", id), ("client_secret", secret.expose())] {
            if text.chars().any(|c| c.is_ascii_control()) {
                return Err(AuthError::configuration(
                    parameter,
                    "has a control character, which Basic credentials must not have; was it read from a file with its \
                     line end? If it belongs there, form-encode it with `ClientAuth::basic`",
                ));
            }
        }
        Self::basic_header(id, secret.clone(), id, secret.expose(), true)
    }

    fn basic_header(
        id: &str,
        secret: Secret,
        left: &str,
        right: &str,
        raw: bool,
    ) -> Result<Self, AuthError> {
        check_id(id)?;
        let mut pair = Zeroizing::new(String::with_capacity(left.len() + right.len() + 1));
        pair.push_str(left);
        pair.push(':');
        pair.push_str(right);
        let mut value = Zeroizing::new(String::with_capacity(8 + pair.len().div_ceil(3) * 4));
        value.push_str("Basic ");
        BASE64_STANDARD.encode_string(pair.as_bytes(), &mut value);
        let bytes = std::mem::take(&mut *value).into_bytes();
        Ok(Self(Method::Basic {
            id: id.to_owned(),
            secret,
            header: sensitive_header("client_secret", bytes)?,
            raw,
        }))
    }

    /// `client_id` and `client_secret` in the body, which RFC 6749 section 2.3.1 does not recommend.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the id is empty.
    pub fn post(id: impl AsRef<str>, secret: impl Into<Secret>) -> Result<Self, AuthError> {
        let id = id.as_ref();
        check_id(id)?;
        let secret = secret.into();
        let id = id.to_owned();
        Ok(Self(Method::Post { id, secret }))
    }

    /// Only `client_id` in the body: a client that has no secret.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the id is empty.
    pub fn public(id: impl AsRef<str>) -> Result<Self, AuthError> {
        let id = id.as_ref();
        check_id(id)?;
        Ok(Self(Method::Public {
            id: id.to_owned(),
            certificate: false,
        }))
    }

    /// `client_id` in the body, while the HTTP client shows a certificate (RFC 8705 section 2). Pass that client with
    /// `http_client`, and go where the server expects certificates:
    /// [`ServerMetadata::for_mutual_tls`](crate::ServerMetadata::for_mutual_tls).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the id is empty.
    pub fn mutual_tls(id: impl AsRef<str>) -> Result<Self, AuthError> {
        let id = id.as_ref();
        check_id(id)?;
        Ok(Self(Method::Public {
            id: id.to_owned(),
            certificate: true,
        }))
    }

    /// An assertion signed with the secret and HS256 (`client_secret_jwt`). Its audience is the URL that is called;
    /// for more choice see [`assertion`](Self::assertion).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when id or secret is empty.
    #[cfg(feature = "jwt")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
    pub fn secret_jwt(id: impl AsRef<str>, secret: impl Into<Secret>) -> Result<Self, AuthError> {
        let id = id.as_ref();
        let key = SigningKey::from_secret(Algorithm::Hs256, secret)?;
        Self::private_key_jwt(id, key)
    }

    /// An assertion signed with a private key (`private_key_jwt`). Its audience is the URL that is called; for more
    /// choice see [`assertion`](Self::assertion).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the id is empty.
    #[cfg(feature = "jwt")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
    pub fn private_key_jwt(id: impl AsRef<str>, key: SigningKey) -> Result<Self, AuthError> {
        let id = id.as_ref();
        let minute = std::time::Duration::from_secs(60);
        Self::assertion(id, Assertion::new(key).lifetime(minute))
    }

    /// `client_assertion` in the body (RFC 7523 section 2.2): this assertion, with the client's id as `iss` and `sub`.
    ///
    /// Servers differ in the audience that they want: the issuer (RFC 7523bis), the token endpoint, or exactly the URL
    /// that is called, which is the default. Say another with [`Assertion::audience`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the id is empty, or the assertion
    /// lives for less than a second.
    #[cfg(feature = "jwt")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
    pub fn assertion(id: impl AsRef<str>, assertion: Assertion) -> Result<Self, AuthError> {
        let id = id.as_ref();
        check_id(id)?;
        let assertion = assertion.issuer(id).subject(id);
        assertion.check()?;
        Ok(Self(Method::Assertion {
            id: id.to_owned(),
            assertion: Box::new(assertion),
        }))
    }

    /// What any scheme or sum writes: `Basic`, an API key, SigV4 …
    ///
    /// The scheme sees requests only, no answers. One that waits for a challenge (Digest), or that is to replace
    /// credentials that were refused, goes around the client instead:
    /// `HttpClient::new(scheme.replay(Cloned).layer(client))`, with [`anonymous`](Self::anonymous) here.
    pub fn scheme<A>(scheme: A) -> Self
    where
        A: Authorize<Body> + fmt::Debug + Send + Sync + 'static,
        A::Credentials: Send + Sync + 'static,
        A::Acquire: Send + 'static,
    {
        Self(Method::Scheme(Arc::new(scheme)))
    }

    /// Nothing at all.
    pub fn anonymous() -> Self {
        Self(Method::Anonymous)
    }

    /// The client's id, where this method has one.
    pub fn client_id(&self) -> Option<&str> {
        match &self.0 {
            Method::Anonymous | Method::Scheme(_) => None,
            Method::Basic { id, .. } | Method::Post { id, .. } | Method::Public { id, .. } => {
                Some(id)
            }
            #[cfg(feature = "jwt")]
            Method::Assertion { id, .. } => Some(id),
        }
    }

    /// Whether the id is in a header and not in the body.
    pub(crate) fn is_in_header(&self) -> bool {
        matches!(self.0, Method::Basic { .. })
    }

    /// Whether the HTTP client shows a certificate.
    pub(crate) fn shows_certificate(&self) -> bool {
        matches!(
            self.0,
            Method::Public {
                certificate: true,
                ..
            }
        )
    }

    /// What must not be repeated in errors.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match &self.0 {
            Method::Basic { secret, .. } | Method::Post { secret, .. } => Some(secret),
            _ => None,
        }
    }

    /// Adds the part that goes into the body.
    pub(crate) fn add_to(&self, form: &mut Form) {
        match &self.0 {
            Method::Anonymous | Method::Basic { .. } | Method::Scheme(_) => {}
            Method::Post { id, secret } => {
                form.set("client_id", id);
                form.set("client_secret", secret);
            }
            Method::Public { id, .. } => form.set("client_id", id),
            #[cfg(feature = "jwt")]
            Method::Assertion { id, assertion } => {
                form.set("client_id", id);
                form.set(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                );
                form.set_value(
                    "client_assertion",
                    Value::signed(Assertion::clone(assertion)),
                );
            }
        }
    }

    /// The part that goes into the header.
    pub(crate) fn header(&self) -> Header<'_> {
        match &self.0 {
            Method::Basic { header, .. } => Header::Fixed(header),
            Method::Scheme(scheme) => Header::Scheme(scheme),
            Method::Anonymous | Method::Post { .. } | Method::Public { .. } => Header::None,
            #[cfg(feature = "jwt")]
            Method::Assertion { .. } => Header::None,
        }
    }

    /// Puts it there.
    pub(crate) async fn sign(&self, request: &mut Request<Body>) -> Result<(), AuthError> {
        match self.header() {
            Header::None => {}
            Header::Fixed(value) => {
                insert_header(request.headers_mut(), AUTHORIZATION, value.clone())?;
            }
            Header::Scheme(scheme) => {
                let bare = std::mem::take(request);
                *request = Arc::clone(scheme).authorize(bare).await?;
            }
        }
        Ok(())
    }

    fn method(&self) -> &'static str {
        match &self.0 {
            Method::Anonymous => "anonymous",
            Method::Basic { raw: false, .. } => "basic",
            Method::Basic { raw: true, .. } => "basic_raw",
            Method::Post { .. } => "post",
            Method::Public {
                certificate: false, ..
            } => "public",
            Method::Public {
                certificate: true, ..
            } => "mutual_tls",
            #[cfg(feature = "jwt")]
            Method::Assertion { .. } => "assertion",
            Method::Scheme(_) => "scheme",
        }
    }
}

/// What authenticates the client in the header of a request.
pub(crate) enum Header<'a> {
    None,
    /// `Authorization`
    Fixed(&'a HeaderValue),
    /// Whatever a scheme writes.
    Scheme(&'a Arc<dyn AnyScheme>),
}

fn check_id(id: &str) -> Result<(), AuthError> {
    if id.is_empty() {
        Err(AuthError::configuration("client_id", "is empty"))
    } else {
        Ok(())
    }
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ClientAuth");
        debug.field("method", &self.method());
        if let Some(id) = self.client_id() {
            debug.field("client_id", &id);
        }
        if let Method::Scheme(scheme) = &self.0 {
            debug.field("scheme", scheme);
        }
        debug.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
