//! `Authorization: Basic …` (RFC 7617).

use crate::{
    AuthError, Authorize, Claim, Scheme, Secret, fixed_scheme, insert_header, scheme,
    secret::{has_control, sensitive_header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, Request, header::AUTHORIZATION};
use percent_encoding::percent_encode_byte;
use zeroize::Zeroizing;

/// A user name and a password: a finisher.
///
/// Sends `Authorization: Basic base64(username ":" password)`, replacing any `Authorization` of the request (RFC 7617
/// section 2). Both are encoded as UTF-8, whatever `charset` the server announces; both are sent as given, without
/// Unicode normalization.
///
/// Base64 hides nothing: whoever can read the request has the password. That is why it only goes out over https, or to
/// this machine, unless [`danger_allow_plaintext`](crate::SchemeExt::danger_allow_plaintext) says otherwise.
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::{Basic, SchemeExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Stands in for any HTTP client: answers with the header that it was sent.
/// let http = tower::service_fn(async |request: Request<()>| {
///     Ok::<_, Infallible>(Response::new(request.headers()["authorization"].clone()))
/// });
///
/// let client = Basic::new("Aladdin", "open sesame")?.only_to("https://api.example.com")?.layer(http);
/// let response = client.oneshot(Request::get("https://api.example.com/cave").body(())?).await?;
/// assert_eq!(response.into_body(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Basic {
    value: HeaderValue, // sensitive: its `Debug` prints `Sensitive`
}

impl Basic {
    /// This user. Either part may be empty.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the user name holds a colon, at which the
    /// server would split it, or when either holds a control character: RFC 7617 section 2 forbids both.
    pub fn new(username: impl AsRef<str>, password: impl Into<Secret>) -> Result<Self, AuthError> {
        let username = username.as_ref();
        let password = password.into();
        let password = password.expose();
        if username.contains(':') {
            return Err(AuthError::configuration(
                "username",
                "has a colon, at which the server would split it (RFC 7617 section 2)",
            ));
        }
        for (name, value) in [("username", username), ("password", password)] {
            if has_control(value.as_bytes()) {
                return Err(AuthError::configuration(
                    name,
                    "has a control character (RFC 7617 section 2); was it read from a file with its line end?",
                ));
            }
        }
        Self::encode(username.as_bytes(), password.as_bytes())
    }

    /// An OAuth 2.0 client at a token endpoint: identifier and secret are form-encoded before they are joined, so
    /// either may hold any character (RFC 6749 section 2.3.1 and appendix B).
    ///
    /// Some servers expect them raw, against the RFC; [`Basic::new`] does that.
    ///
    /// # Errors
    ///
    /// None today; the signature leaves room.
    pub fn for_client(
        client_id: impl AsRef<str>,
        client_secret: impl Into<Secret>,
    ) -> Result<Self, AuthError> {
        let client_id = client_id.as_ref();
        let client_secret = client_secret.into();
        let client_secret = client_secret.expose();
        let username = form_encode(client_id);
        let password = form_encode(client_secret);
        Self::encode(username.as_bytes(), password.as_bytes())
    }

    fn encode(username: &[u8], password: &[u8]) -> Result<Self, AuthError> {
        const SCHEME: &[u8] = b"Basic ";
        // Sized beforehand, so that no copy of a secret is left behind by growing.
        let mut pair = Zeroizing::new(Vec::with_capacity(username.len() + 1 + password.len()));
        pair.extend_from_slice(username);
        pair.push(b':');
        pair.extend_from_slice(password);
        let length = base64::encoded_len(pair.len(), true)
            .ok_or_else(|| AuthError::configuration("password", "is too long"))?;
        let mut value = vec![0; SCHEME.len() + length];
        value[..SCHEME.len()].copy_from_slice(SCHEME);
        STANDARD
            .encode_slice(pair.as_slice(), &mut value[SCHEME.len()..])
            .map_err(|_| AuthError::configuration("password", "cannot be encoded"))?;
        Ok(Self {
            value: sensitive_header("password", value)?,
        })
    }
}

/// `application/x-www-form-urlencoded` of one value, as the URL standard has it: blank to `+`, all but alphanumerics
/// and `*-._` to `%XX`.
fn form_encode(value: &str) -> Zeroizing<String> {
    let mut encoded = String::with_capacity(3 * value.len());
    for byte in value.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'*' | b'-' | b'.' | b'_' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(percent_encode_byte(byte)),
        }
    }
    Zeroizing::new(encoded)
}

impl Scheme for Basic {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&AUTHORIZATION));
    }
}

impl<B> Authorize<B> for Basic {
    #[inline]
    fn authorize(&self, (): (), request: &mut Request<B>) -> Result<(), AuthError> {
        insert_header(request.headers_mut(), AUTHORIZATION, self.value.clone())
    }
}

scheme!(finisher Basic);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfcs() {
        for (user, password, header) in [
            (
                "Aladdin",
                "open sesame",
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            ),
            ("test", "123£", "Basic dGVzdDoxMjPCow=="), // RFC 7617 section 2.1
            ("", "", "Basic Og=="),
            ("user", "pass:word", "Basic dXNlcjpwYXNzOndvcmQ="),
        ] {
            assert_eq!(Basic::new(user, password).unwrap().value, header, "{user}");
        }
        // RFC 6749 section 2.3.1, with the identifier of its section 4.1.3.
        let client = Basic::for_client("s6BhdRkqt3", "gX1fBat3bV").unwrap();
        assert_eq!(client.value, "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
        // RFC 6749 appendix B.
        assert_eq!(*form_encode(" %&+£€"), "+%25%26%2B%C2%A3%E2%82%AC");
    }

    #[test]
    fn what_rfc_7617_forbids_is_refused_by_name() {
        for (user, password, parameter) in [
            ("user:name", "hunter2", "username"),
            ("user\n", "hunter2", "username"),
            ("user", "hunter2\r\n", "password"),
            ("user", "hunter2\u{7f}", "password"),
        ] {
            let error = Basic::new(user, password).unwrap_err();
            assert_eq!(error.parameter(), Some(parameter));
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
