//! Lower-case hexadecimal.

/// The two digits of every byte.
static PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// The 64 digits of a SHA-256 hash.
pub(crate) fn hex32(bytes: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&PAIRS[usize::from(*byte)]);
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
