//! Why challenges are not answered.

use std::{error::Error, fmt};

/// Why the Digest challenge of a 401 was not answered. From [`Digest::unanswered`](crate::Digest::unanswered).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Unanswered {
    /// Realm, nonce and `opaque` have more than 4 KiB together, which every request would have to repeat.
    TooLong,
    /// It asks for less than what the same realm of the same origin accepted before: for MD5 after a better hash, for
    /// `auth` after `auth-int`, or for no `qop` after either. Somebody on the way may have weakened it.
    Weaker,
    /// It lacks a realm or a nonce, or wants what this scheme does not do: an unknown algorithm, MD5 after
    /// [`without_md5`](crate::Digest::without_md5), `auth-int` alone without
    /// [`integrity`](crate::Digest::integrity).
    Unsupported,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => {
                "the Digest challenge has more than 4 KiB to be repeated in every request; the server has to send less"
            }
            Self::Weaker => {
                "the Digest challenge asks for less than its realm accepted before, as somebody on the way would have it; \
                 if the server was changed, start with a new `Digest`"
            }
            Self::Unsupported => {
                "the Digest challenge lacks a realm or a nonce, or asks for an algorithm or a `qop` that is not spoken here"
            }
        })
    }
}

impl Error for Unanswered {}
