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
}
