//! The hashes of RFC 7616 section 3.3.

use md5::Md5;
use sha2::{Sha256, Sha512_256};
use zeroize::Zeroizing;

/// A hash, in order of strength.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Hash {
    Md5,
    Sha256,
    Sha512Half,
}

/// A hash, and whether the secret part is made anew for each session (`-sess`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Algorithm {
    pub(crate) hash: Hash,
    pub(crate) session: bool,
}

impl Algorithm {
    /// By its name, whatever its case. Without a name it is MD5.
    pub(crate) fn named(name: Option<&[u8]>) -> Option<Self> {
        let name = name.unwrap_or(b"MD5").to_ascii_uppercase();
        let (name, session) = match name.strip_suffix(b"-SESS") {
            Some(name) => (name, true),
            None => (&name[..], false),
        };
        let hash = match name {
            b"MD5" => Hash::Md5,
            b"SHA-256" => Hash::Sha256,
            b"SHA-512-256" => Hash::Sha512Half,
            _ => return None,
        };
        Some(Self { hash, session })
    }
}

impl Hash {
    /// The hash of the pieces, joined by colons, in lower case hexadecimal.
    pub(crate) fn of(self, pieces: &[&[u8]]) -> Zeroizing<String> {
        match self {
            Self::Md5 => hash::<Md5>(pieces),
            Self::Sha256 => hash::<Sha256>(pieces),
            Self::Sha512Half => hash::<Sha512_256>(pieces),
        }
    }
}

fn hash<D: sha2::Digest>(pieces: &[&[u8]]) -> Zeroizing<String> {
    let mut hash = D::new();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(piece);
    }
    hex(&hash.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
        hex.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_case_insensitive_and_unknown_ones_none() {
        for (name, hash, session) in [
            ("MD5", Hash::Md5, false),
            ("md5-sess", Hash::Md5, true),
            ("SHA-256", Hash::Sha256, false),
            ("sha-256-SESS", Hash::Sha256, true),
            ("SHA-512-256", Hash::Sha512Half, false),
            ("SHA-512-256-sess", Hash::Sha512Half, true),
        ] {
            let algorithm = Algorithm::named(Some(name.as_bytes()));
            assert_eq!(algorithm, Some(Algorithm { hash, session }), "{name}");
        }
        for unknown in ["", "SHA-512", "-sess", "MD6"] {
            assert_eq!(Algorithm::named(Some(unknown.as_bytes())), None);
        }
        assert_eq!(Algorithm::named(None).unwrap().hash, Hash::Md5);
    }
}
