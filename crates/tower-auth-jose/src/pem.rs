//! Keys in text (RFC 7468), read as laxly as its section 2 permits.
//!
//! Written here and not taken from a crate: what is decoded is wiped, encrypted keys are told by their headers (RFC
//! 1421), which rustls-pki-types passes over, and the errors say what to do.

use crate::{KeyError, KeyErrorKind, der};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::fmt;
use zeroize::Zeroizing;

/// No key is larger, with all the certificates of its chain.
const MOST: usize = 1024 * 1024;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a private key is written in DER.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PrivateKeyForm {
    /// PKCS#8, of any algorithm (RFC 5208, RFC 5958): `BEGIN PRIVATE KEY`.
    Pkcs8,
    /// PKCS#1, RSA (RFC 8017): `BEGIN RSA PRIVATE KEY`.
    Pkcs1,
    /// SEC 1, elliptic curves (RFC 5915): `BEGIN EC PRIVATE KEY`.
    Sec1,
}

/// A private key, as bytes in DER. Wiped when dropped; `Debug` shows its form only.
///
/// ```
/// use tower_auth_jose::{PrivateKeyDer, PrivateKeyForm};
///
/// let pem = "Bag Attributes\n    friendlyName: mine\n-----BEGIN PRIVATE KEY-----\r
/// MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC  \r
/// -----END PRIVATE KEY-----\r\n";
/// assert_eq!(PrivateKeyDer::from_pem(pem)?.form(), PrivateKeyForm::Pkcs8);
/// # Ok::<(), tower_auth_jose::KeyError>(())
/// ```
pub struct PrivateKeyDer {
    form: PrivateKeyForm,
    der: Zeroizing<Vec<u8>>,
}

impl PrivateKeyDer {
    /// The first private key in PEM: PKCS#8, PKCS#1 or SEC 1, as OpenSSL writes them.
    ///
    /// Passed over: text around it, such as `Bag Attributes`; other sections, such as `EC PARAMETERS` and
    /// certificates; blanks around lines, blank lines, line ends of all systems, a byte order mark. Line ends that
    /// were escaped once (`\n` in an environment variable) are read.
    ///
    /// # Errors
    ///
    /// Kinds [`Encrypted`](KeyErrorKind::Encrypted) when the only keys are encrypted, with the command that decrypts
    /// them; [`EscapedTwice`](KeyErrorKind::EscapedTwice); [`Missing`](KeyErrorKind::Missing);
    /// [`Malformed`](KeyErrorKind::Malformed) when the key is cut off or damaged, or the text is larger than 1 MiB.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let text = unescape(pem.as_ref())?;
        let mut why_not = None;
        for section in Sections(&text) {
            let form = match section.label {
                b"PRIVATE KEY" => PrivateKeyForm::Pkcs8,
                b"RSA PRIVATE KEY" => PrivateKeyForm::Pkcs1,
                b"EC PRIVATE KEY" => PrivateKeyForm::Sec1,
                label => {
                    why_not = why_not.or_else(|| not_usable(label));
                    continue;
                }
            };
            if section.is_encrypted {
                why_not = why_not.or_else(|| not_usable(b"ENCRYPTED PRIVATE KEY"));
                continue;
            }
            let der = section.der.ok_or_else(damaged)?;
            return Ok(Self { form, der });
        }
        Err(why_not.unwrap_or_else(|| {
            KeyError::new(
                KeyErrorKind::Missing,
                "is no private key in PEM: there is no line `-----BEGIN PRIVATE KEY-----` or alike",
            )
        }))
    }

    /// A private key in DER, whose form is found out.
    ///
    /// # Errors
    ///
    /// [`Malformed`](KeyErrorKind::Malformed) when it is none of PKCS#8, PKCS#1 and SEC 1;
    /// [`Encrypted`](KeyErrorKind::Encrypted) for encrypted PKCS#8.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let mut fields = der::Reader::sequence(der).ok_or_else(damaged)?;
        let first = fields.next().map(|(tag, _)| tag);
        let form = match (first, fields.tag()) {
            (Some(der::INTEGER), Some(der::SEQUENCE)) => PrivateKeyForm::Pkcs8,
            (Some(der::INTEGER), Some(der::INTEGER)) => PrivateKeyForm::Pkcs1,
            (Some(der::INTEGER), Some(der::OCTET_STRING)) => PrivateKeyForm::Sec1,
            (Some(der::SEQUENCE), Some(der::OCTET_STRING)) => return Err(encrypted()),
            _ => return Err(damaged()),
        };
        Ok(Self {
            form,
            der: Zeroizing::new(der.to_vec()),
        })
    }

    /// Which form it has.
    pub fn form(&self) -> PrivateKeyForm {
        self.form
    }

    /// The bytes. Keep the borrow short.
    pub fn expose(&self) -> &[u8] {
        &self.der
    }
}

impl fmt::Debug for PrivateKeyDer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKeyDer({:?})", self.form)
    }
}

/// The first public key or certificate in PEM.
pub(crate) fn public_der(pem: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = unescape(pem)?;
    let public: [&[u8]; 4] = [
        b"PUBLIC KEY",
        b"RSA PUBLIC KEY",
        b"CERTIFICATE",
        b"X509 CERTIFICATE",
    ];
    let section = Sections(&text).find(|section| public.contains(&section.label));
    let missing = || {
        KeyError::new(
            KeyErrorKind::Missing,
            "is no public key in PEM: there is no line `-----BEGIN PUBLIC KEY-----` or `-----BEGIN CERTIFICATE-----`",
        )
    };
    section.ok_or_else(missing)?.der.ok_or_else(damaged)
}

pub(crate) fn damaged() -> KeyError {
    KeyError::new(KeyErrorKind::Malformed, "is damaged or cut off")
}

fn encrypted() -> KeyError {
    KeyError::new(
        KeyErrorKind::Encrypted,
        "is encrypted; decrypt it first, e.g. with `openssl pkey -in key.pem -out plain.pem`",
    )
}

/// Why no section of this label signs. `None` where there is nothing to say about it.
fn not_usable(label: &[u8]) -> Option<KeyError> {
    let missing = |why: &'static str| Some(KeyError::new(KeyErrorKind::Missing, why));
    match label {
        b"ENCRYPTED PRIVATE KEY" => Some(encrypted()),
        b"OPENSSH PRIVATE KEY" => missing(
            "is in OpenSSH's own form; convert it in place with `ssh-keygen -p -m PKCS8 -f key`",
        ),
        b"PUBLIC KEY" | b"RSA PUBLIC KEY" | b"CERTIFICATE" => {
            missing("is a public key or a certificate, which cannot sign")
        }
        _ => None,
    }
}

/// Without byte order mark, and with real line ends where there are none.
fn unescape(pem: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if pem.len() > MOST {
        return Err(KeyError::new(
            KeyErrorKind::Malformed,
            "is larger than 1 MiB",
        ));
    }
    let pem = pem.strip_prefix(b"\xef\xbb\xbf").unwrap_or(pem);
    let has = |needle: &[u8]| pem.windows(needle.len()).any(|window| window == needle);
    // A delimiter is followed by nothing on its line, so that a backslash there is an escape and no text.
    if has(br"-----\\n") || has(br"-----\\r") {
        return Err(KeyError::new(
            KeyErrorKind::EscapedTwice,
            r"has line ends that were escaped twice: `\\n` where a line ends; unescape it once (`\n` is read)",
        ));
    }
    if !has(br"-----\n") && !has(br"-----\r") {
        return Ok(Zeroizing::new(pem.to_vec()));
    }
    let mut out = Zeroizing::new(Vec::with_capacity(pem.len()));
    let mut bytes = pem.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'\\', Some(b'n' | b'r')) => {
                bytes.next();
                out.push(b'\n');
            }
            _ => out.push(byte),
        }
    }
    Ok(out)
}

struct Section<'a> {
    label: &'a [u8],
    is_encrypted: bool,
    /// `None` when it is damaged.
    der: Option<Zeroizing<Vec<u8>>>,
}

/// The sections of a text; one that is damaged costs only itself.
struct Sections<'a>(&'a [u8]);

impl<'a> Sections<'a> {
    fn line(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (line, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        Some(line.trim_ascii())
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Section<'a>;

    fn next(&mut self) -> Option<Section<'a>> {
        let label = loop {
            if let Some(label) = delimiter(self.line()?, b"-----BEGIN ") {
                break label;
            }
        };
        let mut is_encrypted = false;
        let mut is_whole = false;
        // Large enough from the start: a vector that grows leaves its bytes behind.
        let ends = |at: &[u8]| at.starts_with(b"-----END ") || at == b"-----BEGIN ";
        let end = self.0.windows(11).position(ends);
        let mut body = Zeroizing::new(Vec::with_capacity(end.unwrap_or(self.0.len())));
        loop {
            let rest = self.0;
            let Some(line) = self.line() else { break };
            if let Some(end) = delimiter(line, b"-----END ") {
                is_whole = end == label;
                break;
            } else if delimiter(line, b"-----BEGIN ").is_some() {
                self.0 = rest; // this one was cut off; the next is not to suffer for it
                break;
            } else if line.contains(&b':') {
                // RFC 1421 section 4.6
                is_encrypted |= line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED");
            } else {
                let line = line.iter().filter(|byte| !byte.is_ascii_whitespace());
                body.extend(line);
            }
        }
        let der = if is_whole && !is_encrypted {
            ENGINE.decode(&body).ok()
        } else {
            None
        };
        Some(Section {
            label,
            is_encrypted,
            der: der.filter(|der| !der.is_empty()).map(Zeroizing::new),
        })
    }
}

fn delimiter<'a>(line: &'a [u8], begin: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(begin)?.strip_suffix(b"-----")
}
