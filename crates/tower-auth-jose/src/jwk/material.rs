//! The numbers of a key.

use crate::algorithm::{Curve, Family};
use std::fmt;
use zeroize::Zeroizing;

pub(crate) type Octets = Zeroizing<Vec<u8>>;

/// Whole numbers without leading zeros; coordinates and `d` of curves at full length.
#[derive(Clone)]
pub(crate) enum Material {
    Oct {
        k: Octets,
    },
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
        private: Option<RsaPrivate>,
    },
    Ec {
        curve: Curve,
        x: Vec<u8>,
        y: Vec<u8>,
        d: Option<Octets>,
    },
    Ed25519 {
        x: Vec<u8>,
        d: Option<Octets>,
    },
}

#[derive(Clone)]
pub(crate) struct RsaPrivate {
    pub(crate) d: Octets,
    /// p, q, dp, dq, qi.
    pub(crate) crt: Option<[Octets; 5]>,
}

impl Material {
    pub(crate) fn is_private(&self) -> bool {
        match self {
            Self::Oct { .. } => true,
            Self::Rsa { private, .. } => private.is_some(),
            Self::Ec { d, .. } | Self::Ed25519 { d, .. } => d.is_some(),
        }
    }

    pub(crate) fn public(&self) -> Option<Self> {
        Some(match self {
            Self::Oct { .. } => return None,
            Self::Rsa { n, e, .. } => Self::Rsa {
                n: n.clone(),
                e: e.clone(),
                private: None,
            },
            Self::Ec { curve, x, y, .. } => Self::Ec {
                curve: *curve,
                x: x.clone(),
                y: y.clone(),
                d: None,
            },
            Self::Ed25519 { x, .. } => Self::Ed25519 {
                x: x.clone(),
                d: None,
            },
        })
    }

    pub(crate) fn fits(&self, family: Family) -> bool {
        match (self, family) {
            (Self::Oct { .. }, Family::Secret { .. })
            | (Self::Rsa { .. }, Family::Rsa)
            | (Self::Ed25519 { .. }, Family::Ed25519) => true,
            (Self::Ec { curve, .. }, Family::Curve(wanted)) => *curve == wanted,
            _ => false,
        }
    }

    /// A point of this curve, uncompressed (SEC 1 section 2.3.3).
    pub(crate) fn of_point(curve: Curve, point: &[u8]) -> Option<Self> {
        let (4, coordinates) = point.split_first().map(|(first, rest)| (*first, rest))? else {
            return None;
        };
        if coordinates.len() != 2 * curve.size() {
            return None;
        }
        let (x, y) = coordinates.split_at(curve.size());
        Some(Self::Ec {
            curve,
            x: x.to_vec(),
            y: y.to_vec(),
            d: None,
        })
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oct { .. } => f.write_str("oct"),
            Self::Rsa { n, .. } => write!(f, "RSA, {} bits", n.len() * 8),
            Self::Ec { curve, .. } => write!(f, "EC, {}", curve.name()),
            Self::Ed25519 { .. } => f.write_str("OKP, Ed25519"),
        }?;
        f.write_str(if self.is_private() {
            ", private"
        } else {
            ", public"
        })
    }
}
