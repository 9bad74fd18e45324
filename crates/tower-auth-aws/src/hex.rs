//! Lower-case hexadecimal.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The 64 digits of a SHA-256 hash.
pub(crate) fn hex32(bytes: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_are_lower_case_and_in_order() {
        let mut bytes = [0; 32];
        bytes[..3].copy_from_slice(&[0x01, 0xab, 0xf0]);
        assert!(super::hex32(&bytes).starts_with(b"01abf000"));
    }
}
