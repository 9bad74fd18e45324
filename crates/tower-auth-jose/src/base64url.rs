//! base64url without padding (RFC 7515 section 2, appendix C).

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_URL_SAFE_NO_PAD,
};

/// Encodes, without padding.
///
/// ```
/// assert_eq!(tower_auth_jose::base64url::encode([3, 236, 255, 224, 193]), "A-z_4ME");
/// ```
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes. `None` for anything but the one spelling of these bytes: padding, blanks, line ends, the characters of
/// plain base64 and stray bits at the end are all refused, so that no two texts are the same token.
pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

/// With padding or without. For what is read and not verified.
pub(crate) fn decode_padded(text: &str) -> Option<Vec<u8>> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::URL_SAFE,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    ENGINE.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_spelling_of_every_value() {
        assert_eq!(decode("AQ"), Some(vec![1]));
        for other in ["AQ==", "AQ=", "AR", " AQ", "AQ\n", "A", "+/", "AQ.", "A Q"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
        assert_eq!(decode_padded("AQ=="), decode_padded("AQ"));
    }
}
