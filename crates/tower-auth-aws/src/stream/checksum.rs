//! Checksums that are computed while a body passes, and sent after it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// A checksum that is sent as a trailer, so that the server can tell whether the body arrived whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Checksum {
    /// CRC-32, as in zip files.
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32C,
    /// CRC-64/NVME: what S3 computes by itself.
    Crc64Nvme,
    /// SHA-256.
    Sha256,
}

impl Checksum {
    /// The trailer that it is sent in.
    pub fn trailer(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32C => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// How many bytes it has.
    fn size(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32C => 4,
            Self::Crc64Nvme => 8,
            Self::Sha256 => 32,
        }
    }

    /// Its value when there are no bytes.
    pub(crate) fn of_nothing(self) -> String {
        Summing::new(self).finish()
    }

    /// How many characters its value has, in base64.
    pub(crate) fn text_len(self) -> usize {
        self.size().div_ceil(3) * 4
    }
}

/// A checksum in the making.
#[derive(Clone)]
pub(crate) struct Summing {
    of: Checksum,
    state: State,
}

#[derive(Clone)]
enum State {
    Crc(&'static Table, u64),
    Sha256(Sha256),
}

impl Summing {
    pub(crate) fn new(of: Checksum) -> Self {
        let state = match of {
            Checksum::Crc32 => State::Crc(&CRC32, 0xffff_ffff),
            Checksum::Crc32C => State::Crc(&CRC32C, 0xffff_ffff),
            Checksum::Crc64Nvme => State::Crc(&CRC64_NVME, u64::MAX),
            Checksum::Sha256 => State::Sha256(Sha256::new()),
        };
        Self { of, state }
    }

    pub(crate) fn of(&self) -> Checksum {
        self.of
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(table, crc) => *crc = advance(table, *crc, bytes),
            State::Sha256(hash) => hash.update(bytes),
        }
    }

    /// Its value, in base64.
    pub(crate) fn finish(self) -> String {
        match self.state {
            State::Crc(_, crc) => {
                let bytes = (!crc).to_be_bytes();
                STANDARD.encode(&bytes[8 - self.of.size()..])
            }
            State::Sha256(hash) => STANDARD.encode(hash.finalize()),
        }
    }
}

/// `TABLE[n][byte]`: what a byte does to the remainder when `n` more follow.
type Table = [[u64; 256]; 8];

static CRC32: Table = table(0xedb8_8320);
static CRC32C: Table = table(0x82f6_3b78);
static CRC64_NVME: Table = table(0x9a6c_9329_ac4b_c9b5);

/// For a polynomial with its bits reversed.
const fn table(polynomial: u64) -> Table {
    let mut table = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ polynomial
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[0][byte] = crc;
        byte += 1;
    }
    let mut n = 1;
    while n < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = table[n - 1][byte];
            table[n][byte] = before >> 8 ^ table[0][(before & 0xff) as usize];
            byte += 1;
        }
        n += 1;
    }
    table
}

fn advance(table: &Table, mut crc: u64, bytes: &[u8]) -> u64 {
    let mut eights = bytes.chunks_exact(8);
    for eight in &mut eights {
        crc ^= u64::from_le_bytes(eight.try_into().expect("chunks of eight"));
        let mut next = 0;
        for (n, byte) in crc.to_le_bytes().into_iter().enumerate() {
            next ^= table[7 - n][usize::from(byte)];
        }
        crc = next;
    }
    for byte in eights.remainder() {
        crc = crc >> 8 ^ table[0][usize::from(crc as u8 ^ byte)];
    }
    crc
}

/// Of a message of an event stream.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !(advance(&CRC32, 0xffff_ffff, bytes) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms, which are those of "123456789".
    #[test]
    fn checksums_have_their_published_check_values() {
        for (checksum, value) in [
            (Checksum::Crc32, &0xcbf4_3926_u32.to_be_bytes()[..]),
            (Checksum::Crc32C, &0xe306_9283_u32.to_be_bytes()[..]),
            (
                Checksum::Crc64Nvme,
                &0xae8b_1486_0a79_9888_u64.to_be_bytes()[..],
            ),
            (Checksum::Sha256, &Sha256::digest(b"123456789")[..]),
        ] {
            let value = STANDARD.encode(value);
            for split in 0..=9 {
                let mut summing = Summing::new(checksum);
                summing.update(&b"123456789"[..split]);
                summing.update(&b"123456789"[split..]);
                assert_eq!(summing.finish(), value, "{checksum:?} {split}");
            }
            assert_eq!(checksum.text_len(), value.len());
        }
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
