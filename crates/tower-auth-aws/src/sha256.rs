//! SHA-256 and HMAC-SHA256 over texts that are put together piece by piece.
//!
//! The compression function is sha2's. Around it are a buffer in which a short text is padded where it stands, and HMAC
//! states that are kept: the digests of sha2 and hmac copy and wipe their buffers again and again, which for the three or
//! four hundred bytes of a signature costs as much as hashing them.

use crate::sink::Sink;
use sha2::block_api::compress256;
use zeroize::{Zeroize, Zeroizing};

const BLOCK: usize = 64;
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// SHA-256 that has room for some blocks before it compresses any: a digest is slow on a few bytes at a time.
#[derive(Clone)]
pub(crate) struct Sha256<const BLOCKS: usize> {
    state: [u32; 8],
    blocks: [[u8; BLOCK]; BLOCKS],
    length: usize,     // of what is in the blocks
    compressed: usize, // bytes before that
}

impl<const BLOCKS: usize> Sha256<BLOCKS> {
    const ROOM: usize = BLOCKS * BLOCK;

    pub(crate) fn new() -> Self {
        Self::after(START, 0)
    }

    fn after(state: [u32; 8], compressed: usize) -> Self {
        const { assert!(BLOCKS >= 2) } // what `finish` adds may take a second
        Self {
            state,
            blocks: [[0; BLOCK]; BLOCKS],
            length: 0,
            compressed,
        }
    }

    /// Compresses the whole blocks that are there. What is left is less than one.
    pub(crate) fn compress(&mut self) {
        let whole = self.length / BLOCK;
        compress256(&mut self.state, &self.blocks[..whole]);
        self.blocks[0] = *self.blocks.get(whole).unwrap_or(&[0; BLOCK]);
        self.compressed += whole * BLOCK;
        self.length %= BLOCK;
    }

    /// The hash (FIPS 180-4 section 5.1.1: a bit, zeros, and the length in bits).
    #[inline]
    pub(crate) fn finish(&mut self) -> [u8; 32] {
        if Self::ROOM - self.length < 9 {
            self.compress();
        }
        let bits = (self.compressed + self.length) as u64 * 8;
        let used = (self.length + 9).div_ceil(BLOCK);
        let text = self.blocks.as_flattened_mut();
        text[self.length] = 0x80;
        text[self.length + 1..used * BLOCK - 8].fill(0);
        text[used * BLOCK - 8..used * BLOCK].copy_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, &self.blocks[..used]);
        let mut hash = [0; 32];
        for (bytes, word) in hash.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        hash
    }
}

impl<const BLOCKS: usize> Sink for Sha256<BLOCKS> {
    #[inline]
    fn put_byte(&mut self, byte: u8) {
        if self.length == Self::ROOM {
            self.compress();
        }
        self.blocks.as_flattened_mut()[self.length] = byte;
        self.length += 1;
    }

    #[inline]
    fn put(&mut self, mut bytes: &[u8]) {
        while bytes.len() > Self::ROOM - self.length {
            let (now, later) = bytes.split_at(Self::ROOM - self.length);
            self.blocks.as_flattened_mut()[self.length..].copy_from_slice(now);
            self.length = Self::ROOM;
            self.compress();
            bytes = later;
        }
        let end = self.length + bytes.len();
        self.blocks.as_flattened_mut()[self.length..end].copy_from_slice(bytes);
        self.length = end;
    }
}

/// In an HMAC the state is as good as the key.
impl<const BLOCKS: usize> Drop for Sha256<BLOCKS> {
    fn drop(&mut self) {
        self.state.zeroize();
    }
}

/// A key of HMAC-SHA256, as the states after its two pads (RFC 2104).
pub(crate) struct HmacKey {
    inner: [u32; 8],
    outer: [u32; 8],
}

/// A text that is being signed. Of a string to sign, little is left in the buffer when its hash comes.
pub(crate) type Signing = Sha256<3>;

impl HmacKey {
    /// A key of any length.
    pub(crate) fn new(key: &[u8]) -> Self {
        let mut padded = Zeroizing::new([0; BLOCK]);
        if key.len() > BLOCK {
            let mut hash = Sha256::<4>::new();
            hash.put(key);
            padded[..32].copy_from_slice(&*Zeroizing::new(hash.finish()));
            hash.blocks.as_flattened_mut().zeroize();
        } else {
            padded[..key.len()].copy_from_slice(key);
        }
        let after = |pad: u8| {
            let block = Zeroizing::new(padded.map(|byte| byte ^ pad));
            let mut state = START;
            compress256(&mut state, std::slice::from_ref(&*block));
            state
        };
        Self {
            inner: after(0x36),
            outer: after(0x5c),
        }
    }

    /// Begins a text.
    pub(crate) fn begin(&self) -> Signing {
        Signing::after(self.inner, BLOCK)
    }

    /// The MAC of a text that was begun with this key.
    #[inline]
    pub(crate) fn finish(&self, text: &mut Signing) -> [u8; 32] {
        let inner = text.finish();
        let mut outer = Sha256::<2>::after(self.outer, BLOCK);
        outer.put(&inner);
        outer.finish()
    }

    /// The MAC of a whole text.
    pub(crate) fn mac(&self, text: &[u8]) -> [u8; 32] {
        let mut begun = self.begin();
        begun.put(text);
        self.finish(&mut begun)
    }
}

impl Drop for HmacKey {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Digest;

    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn texts_of_every_length_and_in_pieces_of_every_size_hash_as_sha2_has_it() {
        for length in (0..700).chain([4096, 10_000]) {
            let text = text(length);
            let expected: [u8; 32] = sha2::Sha256::digest(&text).into();
            for piece in [1, 7, 63, 64, 65, 191, 192, 193, 512, 1500] {
                let (mut wide, mut narrow) = (Sha256::<8>::new(), Sha256::<2>::new());
                for piece in text.chunks(piece) {
                    wide.put(piece);
                    narrow.put(piece);
                }
                assert_eq!(wide.finish(), expected, "{length} by {piece}");
                assert_eq!(narrow.finish(), expected, "{length} by {piece}");
            }
            let mut bytes = Sha256::<3>::new();
            text.iter().for_each(|&byte| bytes.put_byte(byte));
            assert_eq!(bytes.finish(), expected);
        }
    }

    #[test]
    fn keys_and_texts_of_every_length_are_signed_as_hmac_has_it() {
        for key in [0, 1, 20, 32, 63, 64, 65, 131, 400].map(text) {
            let ours = HmacKey::new(&key);
            for length in 0..300 {
                let text = text(length);
                let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
                Mac::update(&mut mac, &text);
                let expected: [u8; 32] = mac.finalize().into_bytes().into();
                assert_eq!(ours.mac(&text), expected);
                let mut begun = ours.begin();
                begun.put(&text[..length / 3]);
                let mut copy = begun.clone();
                copy.put(&text[length / 3..]);
                assert_eq!(ours.finish(&mut copy), expected);
            }
        }
    }
}
