//! Where canonical forms are written to: a hash, a MAC, or a buffer that people can read.

use hmac::digest::Update;

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

const ROOM: usize = 512;

/// Collects small pieces on the stack before they are digested: a digest is slow on a few bytes at a time.
pub(crate) struct Digesting<D> {
    digest: D,
    buffer: [u8; ROOM],
    length: usize,
}

impl<D: Update> Digesting<D> {
    pub(crate) fn new(digest: D) -> Self {
        Self {
            digest,
            buffer: [0; ROOM],
            length: 0,
        }
    }

    /// The digest, with everything in it.
    pub(crate) fn into_digest(mut self) -> D {
        self.flush();
        self.digest
    }

    fn flush(&mut self) {
        self.digest.update(&self.buffer[..self.length]);
        self.length = 0;
    }
}

impl<D: Update> Sink for Digesting<D> {
    #[inline]
    fn put_byte(&mut self, byte: u8) {
        if self.length == ROOM {
            self.flush();
        }
        self.buffer[self.length] = byte;
        self.length += 1;
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if bytes.len() > ROOM - self.length {
            self.flush();
            if bytes.len() > ROOM {
                self.digest.update(bytes);
                return;
            }
        }
        self.buffer[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
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
    use sha2::{Digest, Sha256};

    #[test]
    fn pieces_of_every_size_digest_as_one() {
        let text: Vec<u8> = (0..3000_usize).map(|i| (i % 251) as u8).collect();
        for piece in [1, 7, 511, 512, 513, 1500, 3000] {
            let mut sink = Digesting::new(Sha256::new());
            for piece in text.chunks(piece) {
                sink.put(piece);
            }
            assert_eq!(sink.into_digest().finalize(), Sha256::digest(&text));
        }
    }

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
