//! The answer to a challenge (RFC 7616 section 3.4).

use crate::challenge::{Challenge, Quality};
use zeroize::Zeroizing;

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User<'a> {
    pub(crate) name: &'a str,
    /// `H(username ":" realm ":" password)`, and for `-sess` algorithms that with both nonces.
    pub(crate) secret: &'a str,
}

/// What is answered for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// The request target, as it stands in the request line.
    pub(crate) uri: &'a str,
    /// For [`Quality::AuthInt`].
    pub(crate) body: &'a [u8],
    pub(crate) cnonce: &'a str,
    pub(crate) count: u32,
}

/// The secret of a user for a challenge (`A1`, RFC 7616 section 3.4.2).
pub(crate) fn secret(
    challenge: &Challenge,
    username: &str,
    password: &str,
    cnonce: &str,
) -> Zeroizing<String> {
    let hash = challenge.algorithm.hash;
    let secret = hash.of(&[username.as_bytes(), &challenge.realm, password.as_bytes()]);
    if challenge.algorithm.session {
        hash.of(&[secret.as_bytes(), &challenge.nonce, cnonce.as_bytes()])
    } else {
        secret
    }
}

/// The value of the `Authorization` header.
pub(crate) fn authorization(challenge: &Challenge, user: User<'_>, asked: Asked<'_>) -> Vec<u8> {
    let hash = challenge.algorithm.hash;
    let count = format!("{:08x}", asked.count);
    let (method, uri) = (asked.method.as_bytes(), asked.uri.as_bytes());
    let what = match challenge.quality {
        Quality::Legacy | Quality::Auth => hash.of(&[method, uri]),
        Quality::AuthInt => hash.of(&[method, uri, hash.of(&[asked.body]).as_bytes()]),
    };
    let secret = user.secret.as_bytes();
    let quality = match challenge.quality {
        Quality::Legacy => None,
        Quality::Auth => Some("auth"),
        Quality::AuthInt => Some("auth-int"),
    };
    let response = match quality {
        None => hash.of(&[secret, &challenge.nonce, what.as_bytes()]),
        Some(quality) => hash.of(&[
            secret,
            &challenge.nonce,
            count.as_bytes(),
            asked.cnonce.as_bytes(),
            quality.as_bytes(),
            what.as_bytes(),
        ]),
    };
    let mut header = Header(b"Digest ".to_vec());
    header.username(challenge, user.name);
    header.quoted("realm", &challenge.realm);
    header.quoted("uri", uri);
    if let Some(named) = &challenge.named {
        header.plain("algorithm", named);
    }
    header.quoted("nonce", &challenge.nonce);
    if let Some(quality) = quality {
        header.plain("nc", &count);
        header.quoted("cnonce", asked.cnonce.as_bytes());
        header.plain("qop", quality);
    }
    header.quoted("response", response.as_bytes());
    if let Some(opaque) = &challenge.opaque {
        header.quoted("opaque", opaque);
    }
    if challenge.userhash {
        header.plain("userhash", "true");
    }
    header.0
}

struct Header(Vec<u8>);

impl Header {
    /// Hashed when the server wants that; in the extended notation when it is not ASCII and the server knows UTF-8
    /// (RFC 7616 section 3.4, RFC 8187).
    fn username(&mut self, challenge: &Challenge, name: &str) {
        if challenge.userhash {
            let hashed = challenge
                .algorithm
                .hash
                .of(&[name.as_bytes(), &challenge.realm]);
            self.quoted("username", hashed.as_bytes());
        } else if name.is_ascii() || !challenge.utf8 {
            self.quoted("username", name.as_bytes());
        } else {
            let mut extended = String::from("UTF-8''");
            for byte in name.bytes() {
                if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                    extended.push(char::from(byte));
                } else {
                    extended.push_str(&format!("%{byte:02X}"));
                }
            }
            self.plain("username*", &extended);
        }
    }

    fn quoted(&mut self, name: &str, value: &[u8]) {
        self.begin(name);
        self.0.push(b'"');
        for &byte in value {
            if matches!(byte, b'"' | b'\\') {
                self.0.push(b'\\');
            }
            self.0.push(byte);
        }
        self.0.push(b'"');
    }

    fn plain(&mut self, name: &str, value: &str) {
        self.begin(name);
        self.0.extend_from_slice(value.as_bytes());
    }

    fn begin(&mut self, name: &str) {
        if !self.0.ends_with(b" ") {
            self.0.extend_from_slice(b", ");
        }
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'=');
    }
}
