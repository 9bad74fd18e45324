//! Public keys in DER: SPKI (RFC 5280 section 4.1.2.7), PKCS#1 (RFC 8017 appendix A.1.1), certificates.

use super::Material;
use crate::{
    algorithm::Curve,
    der::{BIT_STRING, OBJECT_ID, Reader, SEQUENCE},
};

const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const ED25519: &[u8] = b"\x2b\x65\x70";

/// Larger moduli and exponents take too long to verify with: 8192 bits, 64 bits.
pub(super) const MOST_MODULUS: usize = 1024;
pub(super) const MOST_EXPONENT: usize = 8;

pub(super) fn of_der(der: &[u8]) -> Option<Material> {
    let outer = Reader::sequence(der)?;
    if outer.tag()? != SEQUENCE {
        return rsa(outer);
    }
    let mut fields = outer;
    let first = fields.expect(SEQUENCE)?;
    match fields.tag()? {
        BIT_STRING => spki(outer),
        _ => certificate(Reader::inner(first)),
    }
}

fn rsa(mut fields: Reader<'_>) -> Option<Material> {
    let (n, e) = (fields.unsigned()?, fields.unsigned()?);
    let sizes = (1..=MOST_MODULUS).contains(&n.len()) && (1..=MOST_EXPONENT).contains(&e.len());
    (sizes && fields.tag().is_none()).then(|| Material::Rsa {
        n: n.to_vec(),
        e: e.to_vec(),
        private: None,
    })
}

fn spki(mut fields: Reader<'_>) -> Option<Material> {
    let mut algorithm = Reader::inner(fields.expect(SEQUENCE)?);
    let (unused, key) = fields.expect(BIT_STRING)?.split_first()?;
    if *unused != 0 || fields.tag().is_some() {
        return None;
    }
    match algorithm.expect(OBJECT_ID)? {
        RSA => rsa(Reader::sequence(key)?),
        EC => Material::of_point(Curve::from_object_id(algorithm.expect(OBJECT_ID)?)?, key),
        ED25519 if key.len() == 32 => Some(Material::Ed25519 {
            x: key.to_vec(),
            d: None,
        }),
        _ => None,
    }
}

/// The key in the part of a certificate that its issuer signs (RFC 5280 section 4.1).
fn certificate(mut fields: Reader<'_>) -> Option<Material> {
    const VERSION: u8 = 0xa0;
    if fields.tag()? == VERSION {
        fields.next()?;
    }
    // serialNumber, signature, issuer, validity, subject
    for _ in 0..5 {
        fields.next()?;
    }
    spki(Reader::inner(fields.expect(SEQUENCE)?))
}
