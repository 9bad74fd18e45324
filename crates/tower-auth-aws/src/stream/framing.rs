//! The bytes of an `aws-chunked` body.

use super::{
    chain::ChunkSigner,
    checksum::{Checksum, Summing},
};
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use std::{collections::VecDeque, fmt};
use tower_auth_core::AuthError;

/// Cuts a body into chunks of one size, and puts their frames around them. What it holds of the body is one chunk.
pub(crate) struct Framing {
    signing: Signing,
    checksum: Option<Summing>,
    size: usize,
    digest: Sha256,
    /// The chunk so far: pieces of the body as they came, small ones gathered in `gathered`.
    pieces: VecDeque<Bytes>,
    gathered: BytesMut,
    filled: usize,
    /// How much of the body is still to come.
    expected: u64,
    /// What has still to be sent, in bytes on the wire.
    remaining: u64,
    ready: VecDeque<Bytes>,
    line_end: bool, // the last chunk has not ended yet
}

#[derive(Clone)]
pub(crate) enum Signing {
    Signed(Box<ChunkSigner>),
    Unsigned,
}

/// Smaller pieces are gathered, so that a body of single bytes does not become as many frames.
const SMALL: usize = 4 * 1024;

const SIGNATURE: &str = ";chunk-signature=";
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature:";

impl Framing {
    /// For a body of `length` bytes; `None` when that is more than can be counted.
    pub(crate) fn new(
        signing: Signing,
        checksum: Option<Checksum>,
        size: usize,
        length: u64,
    ) -> Option<Self> {
        let mut framing = Self {
            signing,
            checksum: checksum.map(Summing::new),
            size,
            digest: Sha256::new(),
            pieces: VecDeque::new(),
            gathered: BytesMut::new(),
            filled: 0,
            expected: length,
            remaining: 0,
            ready: VecDeque::new(),
            line_end: false,
        };
        framing.remaining = framing.wire_length(length)?;
        Some(framing)
    }

    fn wire_length(&self, length: u64) -> Option<u64> {
        let size = self.size as u64;
        let mark = match &self.signing {
            Signing::Signed(signer) => (SIGNATURE.len() + signer.width()) as u64,
            Signing::Unsigned => 0,
        };
        let head = |size: u64| hex_len(size) as u64 + mark + 2;
        let full = (head(size) + size + 2).checked_mul(length / size)?;
        let last = match length % size {
            0 => 0,
            rest => head(rest) + rest + 2,
        };
        let trailer = self.checksum.as_ref().map_or(0, |summing| {
            let checksum = summing.of();
            let line = checksum.trailer().len() + 1 + checksum.text_len() + 2;
            let signature = match &self.signing {
                Signing::Signed(signer) => TRAILER_SIGNATURE.len() + signer.width() + 2,
                Signing::Unsigned => 0,
            };
            (line + signature) as u64
        });
        full.checked_add(last + head(0) + trailer + 2)
    }

    /// How many bytes have still to be sent.
    pub(crate) fn remaining(&self) -> u64 {
        self.remaining
    }

    /// How much of the body has still to come.
    pub(crate) fn expected(&self) -> u64 {
        self.expected
    }

    /// The next bytes to send, if there are.
    pub(crate) fn next(&mut self) -> Option<Bytes> {
        let bytes = self.ready.pop_front()?;
        self.remaining = self.remaining.saturating_sub(bytes.len() as u64);
        Some(bytes)
    }

    /// Takes from a piece of the body what the chunk has room for. When nothing is left of it, more can come.
    pub(crate) fn take(&mut self, piece: &mut Bytes) -> Result<(), AuthError> {
        let piece = piece.split_to(piece.len().min(self.size - self.filled));
        self.expected = self.expected.saturating_sub(piece.len() as u64);
        self.filled += piece.len();
        if matches!(self.signing, Signing::Signed(_)) {
            self.digest.update(&piece);
        }
        if let Some(summing) = &mut self.checksum {
            summing.update(&piece);
        }
        if piece.len() < SMALL {
            self.gathered.extend_from_slice(&piece);
        } else {
            self.gather();
            self.pieces.push_back(piece);
        }
        if self.filled == self.size {
            self.end_chunk()?;
        }
        Ok(())
    }

    /// The body has ended.
    pub(crate) fn finish(&mut self) -> Result<(), AuthError> {
        if self.filled > 0 {
            self.end_chunk()?;
        }
        let mut end = self.head(0)?;
        if let Some(summing) = self.checksum.take() {
            let name = summing.of().trailer();
            let value = summing.finish();
            end.extend_from_slice(format!("{name}:{value}\r\n").as_bytes());
            if let Signing::Signed(signer) = &mut self.signing {
                let width = signer.width();
                let signature = signer.sign_trailer(format!("{name}:{value}\n").as_bytes())?;
                let line = format!("{TRAILER_SIGNATURE}{signature:*<width$}\r\n");
                end.extend_from_slice(line.as_bytes());
            }
        }
        end.extend_from_slice(b"\r\n");
        self.ready.push_back(Bytes::from(end));
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), AuthError> {
        self.gather();
        let head = self.head(self.filled)?;
        self.ready.push_back(Bytes::from(head));
        self.ready.append(&mut self.pieces);
        self.filled = 0;
        self.line_end = true;
        Ok(())
    }

    fn gather(&mut self) {
        if !self.gathered.is_empty() {
            self.pieces.push_back(self.gathered.split().freeze());
        }
    }

    /// The line before a chunk, and the end of the chunk before it.
    fn head(&mut self, length: usize) -> Result<Vec<u8>, AuthError> {
        // To the byte: a buffer with room to spare would be allocated for twice.
        let mark = match &self.signing {
            Signing::Signed(signer) => SIGNATURE.len() + signer.width(),
            Signing::Unsigned => 0,
        };
        let ending = if self.line_end { 2 } else { 0 };
        let mut head = Vec::with_capacity(ending + hex_len(length as u64) + mark + 2);
        if std::mem::take(&mut self.line_end) {
            head.extend_from_slice(b"\r\n");
        }
        push_hex(&mut head, length);
        if let Signing::Signed(signer) = &mut self.signing {
            let hash = self.digest.finalize_reset().into();
            let width = signer.width();
            let signature = signer.sign_hash(&hash)?.as_bytes();
            head.extend_from_slice(SIGNATURE.as_bytes());
            head.extend_from_slice(signature);
            head.extend(std::iter::repeat_n(b'*', width - signature.len()));
        }
        head.extend_from_slice(b"\r\n");
        Ok(head)
    }
}

fn hex_len(number: u64) -> usize {
    16 - (number | 1).leading_zeros() as usize / 4
}

fn push_hex(text: &mut Vec<u8>, number: usize) {
    for at in (0..hex_len(number as u64)).rev() {
        text.push(b"0123456789abcdef"[number >> (4 * at) & 15]);
    }
}

impl fmt::Debug for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framing")
            .field("remaining", &self.remaining)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsigned(body: &[u8], pieces: usize, size: usize) -> (u64, Vec<u8>) {
        let checksum = Some(Checksum::Crc32);
        let mut framing =
            Framing::new(Signing::Unsigned, checksum, size, body.len() as u64).unwrap();
        let promised = framing.remaining();
        let mut wire = Vec::new();
        for piece in body.chunks(pieces.max(1)) {
            let mut piece = Bytes::copy_from_slice(piece);
            while !piece.is_empty() {
                framing.take(&mut piece).unwrap();
                while let Some(bytes) = framing.next() {
                    wire.extend_from_slice(&bytes);
                }
            }
        }
        framing.finish().unwrap();
        while let Some(bytes) = framing.next() {
            wire.extend_from_slice(&bytes);
        }
        assert_eq!(framing.remaining(), 0);
        assert_eq!(framing.expected(), 0);
        (promised, wire)
    }

    /// What the server reads: chunks until the empty one.
    fn decoded(mut wire: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let end = wire.windows(2).position(|pair| pair == b"\r\n").unwrap();
            let line = std::str::from_utf8(&wire[..end]).unwrap();
            let length = usize::from_str_radix(line, 16).unwrap();
            wire = &wire[end + 2..];
            if length == 0 {
                assert!(wire.starts_with(b"x-amz-checksum-crc32:") && wire.ends_with(b"=\r\n\r\n"));
                return body;
            }
            body.extend_from_slice(&wire[..length]);
            assert_eq!(&wire[length..length + 2], b"\r\n");
            wire = &wire[length + 2..];
        }
    }

    #[test]
    fn the_length_that_is_promised_is_the_length_that_is_sent() {
        for length in [0, 1, 15, 16, 255, 8191, 8192, 8193, 16_384, 40_000] {
            let body: Vec<u8> = (0..length).map(|i| (i % 253) as u8).collect();
            for pieces in [1, 100, 4096, 5000, 100_000] {
                let (promised, wire) = unsigned(&body, pieces, 8192);
                assert_eq!(promised, wire.len() as u64, "{length} {pieces}");
                assert_eq!(decoded(&wire), body);
            }
        }
        assert!(Framing::new(Signing::Unsigned, None, 8192, u64::MAX).is_none());
    }
}
