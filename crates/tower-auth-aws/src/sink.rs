//! Where canonical forms are written to: a hash, or a buffer that people can read.

/// Takes bytes.
pub(crate) trait Sink {
    fn put(&mut self, bytes: &[u8]);

    fn put_byte(&mut self, byte: u8) {
        self.put(&[byte]);
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Text that is nearly always short: on the stack, until it does not fit.
pub(crate) struct Text {
    short: [u8; SHORT],
    length: usize,
    long: Vec<u8>,
}

const SHORT: usize = 384;

impl Text {
    pub(crate) fn new() -> Self {
        Self {
            short: [0; SHORT],
            length: 0,
            long: Vec::new(),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        if self.long.is_empty() {
            &self.short[..self.length]
        } else {
            &self.long
        }
    }
}

impl Sink for Text {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.long.is_empty() {
            if bytes.len() <= SHORT - self.length {
                self.short[self.length..self.length + bytes.len()].copy_from_slice(bytes);
                self.length += bytes.len();
                return;
            }
            self.long.reserve(2 * SHORT + bytes.len());
            self.long.extend_from_slice(&self.short[..self.length]);
        }
        self.long.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_is_kept() {
        let text: Vec<u8> = (0..1000_usize).map(|i| (i % 251) as u8).collect();
        for piece in [1, 7, 383, 384, 385, 1000] {
            let mut sink = Text::new();
            for piece in text.chunks(piece) {
                sink.put(piece);
            }
            assert_eq!(sink.as_bytes(), text, "{piece}");
        }
    }
}
