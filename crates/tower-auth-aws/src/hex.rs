//! Lower-case hexadecimal.

/// The 64 digits of a SHA-256 hash.
#[inline]
pub(crate) fn hex32(bytes: &[u8; 32]) -> [u8; 64] {
    // Without a table, so that the compiler does many at a time.
    let digit = |nibble: u8| nibble + b'0' + u8::from(nibble > 9) * (b'a' - b'9' - 1);
    let mut text = [0; 64];
    for at in 0..32 {
        text[2 * at] = digit(bytes[at] >> 4);
        text[2 * at + 1] = digit(bytes[at] & 15);
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
