//! `application/x-www-form-urlencoded`, in memory that is wiped.

use bytes::Bytes;
use zeroize::Zeroizing;

/// Encodes parameters, percent-encoding all but the unreserved characters of RFC 3986.
pub(in crate::credentials) fn encode(parameters: &[(&str, &str)]) -> Bytes {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    // Sized beforehand, so that no copy of a token is left behind by growing.
    let longest = parameters
        .iter()
        .map(|(name, value)| 2 + 3 * (name.len() + value.len()));
    let mut form = Zeroizing::new(Vec::with_capacity(longest.sum()));
    for (name, value) in parameters {
        if !form.is_empty() {
            form.push(b'&');
        }
        for (part, end) in [(name, Some(b'=')), (value, None)] {
            for byte in part.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    form.push(byte);
                } else {
                    let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
                    form.extend_from_slice(&[b'%', HEX[high], HEX[low]]);
                }
            }
            form.extend(end);
        }
    }
    Bytes::from_owner(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_unreserved_characters_are_encoded() {
        let form = encode(&[
            ("Action", "A b"),
            ("x", ""),
            ("RoleArn", "arn:aws:iam::1:role/é+&=%~"),
        ]);
        assert_eq!(
            form,
            "Action=A%20b&x=&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2F%C3%A9%2B%26%3D%25~"
        );
    }
}
