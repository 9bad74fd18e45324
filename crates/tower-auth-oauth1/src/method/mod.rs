//! Signature methods (RFC 5849 section 3.4).

mod hmac;
mod plaintext;
#[cfg(feature = "rsa")]
mod rsa;
mod signature;

#[cfg(feature = "rsa")]
#[cfg_attr(docsrs, doc(cfg(feature = "rsa")))]
pub use self::rsa::RsaKey;
pub(crate) use self::signature::Signature;

use self::hmac::Keyed;
use crate::escape;
use std::{fmt, str::FromStr, sync::Arc};
use tower_auth_core::{AuthError, ErrorKind};
use zeroize::Zeroizing;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A signature method of your own: what RFC 5849 section 3.4 leaves open.
///
/// ```
/// use tower_auth_oauth1::{Method, OAuth1, Sign, SigningKey};
///
/// /// Not a good idea, but a short one.
/// #[derive(Debug)]
/// struct Length;
///
/// impl Sign for Length {
///     fn name(&self) -> &str {
///         "X-LENGTH"
///     }
///     fn sign(
///         &self,
///         base_string: &[u8],
///         _: SigningKey<'_>,
///     ) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(base_string.len().to_string())
///     }
/// }
///
/// let oauth = OAuth1::new("key", "secret")?.method(Method::custom(Length));
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
pub trait Sign: fmt::Debug + Send + Sync {
    /// The value of `oauth_signature_method`.
    fn name(&self) -> &str;

    /// The value of `oauth_signature`: usually base64 of a signature of the base string.
    ///
    /// # Errors
    ///
    /// Whatever went wrong, without any secret. The request is not sent; the error is the
    /// [`source()`](std::error::Error::source) of one of kind [`ErrorKind::Request`].
    fn sign(&self, base_string: &[u8], key: SigningKey<'_>) -> Result<String, BoxError>;

    /// Whether the signature gives the secrets away to whoever reads it, as that of `PLAINTEXT` does. Then it is only
    /// sent over TLS, or to this machine.
    fn reveals_secrets(&self) -> bool {
        false
    }
}

/// The secrets for one signature: both escaped, and joined by `&` (RFC 5849 section 3.4.2).
#[derive(Clone, Copy)]
pub struct SigningKey<'a>(&'a str);

impl<'a> SigningKey<'a> {
    /// `escaped client secret "&" escaped token secret`. Without a token the second is empty, and the `&` is still
    /// there.
    pub fn expose(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for SigningKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// How requests are signed. The default is [`Method::HMAC_SHA1`], which every server of OAuth 1.0a has.
#[derive(Clone, Debug, Default)]
pub struct Method(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    HmacSha1,
    HmacSha256,
    HmacSha512,
    Plaintext,
    #[cfg(feature = "rsa")]
    Rsa(rsa::Digest, RsaKey),
    Custom(Arc<dyn Sign>),
}

impl Method {
    /// `HMAC-SHA1` (RFC 5849 section 3.4.2).
    pub const HMAC_SHA1: Self = Self(Kind::HmacSha1);
    /// `HMAC-SHA256`: as `HMAC-SHA1`, with the other hash.
    pub const HMAC_SHA256: Self = Self(Kind::HmacSha256);
    /// `HMAC-SHA512`: as `HMAC-SHA1`, with the other hash.
    pub const HMAC_SHA512: Self = Self(Kind::HmacSha512);
    /// `PLAINTEXT` (RFC 5849 section 3.4.4): the secrets themselves. Sent over TLS or to this machine only, unless
    /// [`danger_reveal_secrets_without_tls`](crate::OAuth1::danger_reveal_secrets_without_tls) says otherwise.
    pub const PLAINTEXT: Self = Self(Kind::Plaintext);

    /// `RSA-SHA1` (RFC 5849 section 3.4.3).
    #[cfg(feature = "rsa")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rsa")))]
    pub fn rsa_sha1(key: &RsaKey) -> Self {
        Self(Kind::Rsa(rsa::Digest::Sha1, key.clone()))
    }

    /// `RSA-SHA256`: as `RSA-SHA1`, with the other hash.
    #[cfg(feature = "rsa")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rsa")))]
    pub fn rsa_sha256(key: &RsaKey) -> Self {
        Self(Kind::Rsa(rsa::Digest::Sha256, key.clone()))
    }

    /// `RSA-SHA512`: as `RSA-SHA1`, with the other hash.
    #[cfg(feature = "rsa")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rsa")))]
    pub fn rsa_sha512(key: &RsaKey) -> Self {
        Self(Kind::Rsa(rsa::Digest::Sha512, key.clone()))
    }

    /// Any other method.
    pub fn custom(method: impl Sign + 'static) -> Self {
        Self(Kind::Custom(Arc::new(method)))
    }

    /// The value of `oauth_signature_method`.
    pub fn name(&self) -> &str {
        match &self.0 {
            Kind::HmacSha1 => "HMAC-SHA1",
            Kind::HmacSha256 => "HMAC-SHA256",
            Kind::HmacSha512 => "HMAC-SHA512",
            Kind::Plaintext => "PLAINTEXT",
            #[cfg(feature = "rsa")]
            Kind::Rsa(digest, _) => digest.method(),
            Kind::Custom(method) => method.name(),
        }
    }

    /// Signs a base string: for tests, and for servers that compare.
    ///
    /// ```
    /// use tower_auth_oauth1::Method;
    ///
    /// // From the test cases of OAuth Core 1.0, section 9.2.
    /// let signature = Method::HMAC_SHA1.sign(b"bs", "cs", "ts")?;
    /// assert_eq!(signature, "VZVjXceV7JgPq/dOTnNmEfO0Fv8=");
    /// # Ok::<(), tower_auth_core::AuthError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`] when an RSA key is too short, or a custom method fails.
    pub fn sign(
        &self,
        base_string: &[u8],
        client_secret: &str,
        token_secret: &str,
    ) -> Result<String, AuthError> {
        let signature = self.signer(client_secret, token_secret).sign(base_string)?;
        Ok(String::from_utf8_lossy(signature.as_bytes()).into_owned())
    }

    pub(crate) fn reveals_secrets(&self) -> bool {
        match &self.0 {
            Kind::Plaintext => true,
            Kind::Custom(method) => method.reveals_secrets(),
            _ => false,
        }
    }

    /// Makes a signer of it, with all that can be computed before the first request.
    pub(crate) fn signer(&self, client_secret: &str, token_secret: &str) -> Signer {
        let key = || signing_key(client_secret, token_secret);
        match &self.0 {
            Kind::HmacSha1 => Signer::HmacSha1(Keyed::new(key().as_bytes())),
            Kind::HmacSha256 => Signer::HmacSha256(Keyed::new(key().as_bytes())),
            Kind::HmacSha512 => Signer::HmacSha512(Box::new(Keyed::new(key().as_bytes()))),
            Kind::Plaintext => Signer::Plaintext(key()),
            #[cfg(feature = "rsa")]
            Kind::Rsa(digest, key) => Signer::Rsa(*digest, key.clone()),
            Kind::Custom(method) => Signer::Custom(Arc::clone(method), key()),
        }
    }
}

/// By its name in `oauth_signature_method`, as configuration files have it. Names are case-sensitive.
///
/// ```
/// use tower_auth_oauth1::Method;
///
/// let method: Method = "HMAC-SHA256".parse()?;
/// assert_eq!(method.name(), "HMAC-SHA256");
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Configuration`] naming `signature method` for any other name, and for those of RSA: they need a key.
impl FromStr for Method {
    type Err = AuthError;

    fn from_str(name: &str) -> Result<Self, AuthError> {
        let known = [
            Self::HMAC_SHA1,
            Self::HMAC_SHA256,
            Self::HMAC_SHA512,
            Self::PLAINTEXT,
        ];
        if let Some(method) = known.into_iter().find(|method| method.name() == name) {
            return Ok(method);
        }
        Err(AuthError::configuration(
            "signature method",
            if matches!(name, "RSA-SHA1" | "RSA-SHA256" | "RSA-SHA512") {
                "needs a key: use `Method::rsa_sha1`, `Method::rsa_sha256` or `Method::rsa_sha512`, of the feature `rsa`"
            } else {
                "is none of HMAC-SHA1, HMAC-SHA256, HMAC-SHA512 and PLAINTEXT; for another there is `Method::custom`"
            },
        ))
    }
}

fn signing_key(client_secret: &str, token_secret: &str) -> Zeroizing<String> {
    let length = escape::len(client_secret.as_bytes()) + 1 + escape::len(token_secret.as_bytes());
    let mut key = Vec::with_capacity(length); // exact: growing would leave copies behind
    escape::push(&mut key, client_secret.as_bytes());
    key.push(b'&');
    escape::push(&mut key, token_secret.as_bytes());
    Zeroizing::new(String::from_utf8(key).expect("escapes are ASCII"))
}

/// A signature method with its key.
#[derive(Clone)]
pub(crate) enum Signer {
    HmacSha1(Keyed<sha1::Sha1>),
    HmacSha256(Keyed<sha2::Sha256>),
    HmacSha512(Box<Keyed<sha2::Sha512>>),
    Plaintext(Zeroizing<String>),
    #[cfg(feature = "rsa")]
    Rsa(rsa::Digest, RsaKey),
    Custom(Arc<dyn Sign>, Zeroizing<String>),
}

impl Signer {
    pub(crate) fn sign(&self, base_string: &[u8]) -> Result<Signature, AuthError> {
        let signed = match self {
            Self::HmacSha1(keyed) => return Ok(Signature::base64(&keyed.sign(base_string))),
            Self::HmacSha256(keyed) => return Ok(Signature::base64(&keyed.sign(base_string))),
            Self::HmacSha512(keyed) => return Ok(Signature::base64(&keyed.sign(base_string))),
            Self::Plaintext(key) => return Ok(Signature::text(plaintext::signature(key))),
            #[cfg(feature = "rsa")]
            Self::Rsa(digest, key) => key
                .sign(*digest, base_string)
                .map(|bytes| Signature::base64(&bytes))
                .map_err(BoxError::from),
            Self::Custom(method, key) => method
                .sign(base_string, SigningKey(key))
                .map(|text| Signature::text(Zeroizing::new(text))),
        };
        signed.map_err(|error| {
            AuthError::new(ErrorKind::Request, "the request could not be signed").with_source(error)
        })
    }

    /// Whether the secrets can be read in the signature, so that its memory is to be wiped.
    pub(crate) fn wipes(&self) -> bool {
        matches!(self, Self::Plaintext(_) | Self::Custom(..))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_read_by_its_name_and_those_that_need_a_key_say_so() {
        for name in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"] {
            assert_eq!(name.parse::<Method>().unwrap().name(), name);
        }
        for (name, why) in [
            ("RSA-SHA256", "needs a key"),
            ("hmac-sha1", "is none of"),
            ("", "is none of"),
        ] {
            let error = name.parse::<Method>().unwrap_err();
            assert_eq!(error.parameter(), Some("signature method"));
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
