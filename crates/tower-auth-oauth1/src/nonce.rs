//! Nonces (RFC 5849 section 3.3).

use crate::escape;
use std::{cell::RefCell, sync::Arc};
use tower_auth_core::NonceSource;

/// Bytes of a nonce, which has two digits for each.
const LENGTH: usize = 15;

#[derive(Clone, Debug, Default)]
pub(crate) enum Nonces {
    #[default]
    Random,
    Custom(Arc<dyn NonceSource>),
}

/// A nonce for one request, escaped once.
pub(crate) enum Nonce {
    Random([u8; 2 * LENGTH]),
    Custom(String),
}

impl Nonces {
    pub(crate) fn next(&self) -> Result<Nonce, getrandom::Error> {
        match self {
            Self::Random => Ok(Nonce::Random(hex(random()?))),
            Self::Custom(source) => Ok(Nonce::Custom(escape::into_escaped(source.nonce()))),
        }
    }
}

/// How many nonces the operating system is asked for at once: a call of it takes as long as a signature.
const AHEAD: usize = 32;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { left: 0, bytes: [[0; LENGTH]; AHEAD] }) };
}

struct Pool {
    left: usize,
    bytes: [[u8; LENGTH]; AHEAD],
}

/// Random bytes that nobody else gets.
fn random() -> Result<[u8; LENGTH], getrandom::Error> {
    POOL.with_borrow_mut(|pool| {
        if pool.left == 0 {
            getrandom::fill(pool.bytes.as_flattened_mut())?;
            pool.left = AHEAD;
        }
        pool.left -= 1;
        Ok(pool.bytes[pool.left])
    })
}

impl Nonce {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Random(digits) => {
                std::str::from_utf8(digits).expect("hexadecimal digits are ASCII")
            }
            Self::Custom(nonce) => nonce,
        }
    }
}

fn hex(bytes: [u8; LENGTH]) -> [u8; 2 * LENGTH] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 2 * LENGTH];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nonces_are_short_plain_and_different() {
        let some = || (0..500).map(|_| Nonces::Random.next().unwrap().as_str().to_owned());
        let other = std::thread::spawn(move || some().collect::<Vec<_>>());
        let seen: HashSet<_> = some().chain(other.join().unwrap()).collect();
        assert_eq!(seen.len(), 1000);
        assert!(seen.iter().all(|nonce| nonce.len() == 30));
        assert_eq!(&hex([0xa5; 15]), &[b'a', b'5'].repeat(15)[..]);
    }
}
