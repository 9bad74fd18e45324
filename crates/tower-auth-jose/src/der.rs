//! Just enough DER (X.690) to find the numbers of a key, and to write an RSA key as PKCS#1 (RFC 8017 appendix A.1).

#[cfg(feature = "crypto")]
use zeroize::Zeroizing;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Reads one value after the other.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The content of a sequence that is all there is: nothing may follow it.
    pub(crate) fn sequence(der: &'a [u8]) -> Option<Self> {
        let mut outer = Self(der);
        let content = outer.expect(SEQUENCE)?;
        outer.0.is_empty().then_some(Self(content))
    }

    pub(crate) fn inner(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// The next value's tag.
    pub(crate) fn tag(self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next value, whatever it is.
    pub(crate) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let size = usize::from(first & 0x7f);
            if size == 0 || size > 4 || rest.len() < size {
                return None;
            }
            let (bytes, rest) = rest.split_at(size);
            let length = bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        };
        if rest.len() < length {
            return None;
        }
        let (content, rest) = rest.split_at(length);
        self.0 = rest;
        Some((tag, content))
    }

    /// The next value's content, when it has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next()
            .filter(|(found, _)| *found == tag)
            .map(|(_, content)| content)
    }

    /// A whole number that is not negative, without leading zeros.
    pub(crate) fn unsigned(&mut self) -> Option<&'a [u8]> {
        let number = self.expect(INTEGER)?;
        (*number.first()? < 0x80).then(|| without_zeros(number))
    }
}

/// Leading zeros taken off; nothing is left of zero.
pub(crate) fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(feature = "crypto")]
/// A sequence of whole numbers, given big-endian: `RSAPrivateKey` is 0, n, e, d, p, q, dP, dQ, qInv.
pub(crate) fn integers(numbers: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let size: usize = numbers.iter().map(|number| number.len() + 8).sum();
    // Large enough from the start: a vector that grows leaves its bytes behind.
    let mut content = Zeroizing::new(Vec::with_capacity(size));
    for number in numbers {
        integer(&mut content, number);
    }
    let mut sequence = Zeroizing::new(Vec::with_capacity(content.len() + 8));
    sequence.push(SEQUENCE);
    length(&mut sequence, content.len());
    sequence.extend_from_slice(&content);
    sequence
}

#[cfg(feature = "crypto")]
fn integer(out: &mut Vec<u8>, number: &[u8]) {
    let number = match without_zeros(number) {
        [] => &[0],
        number => number,
    };
    let sign = usize::from(number[0] >= 0x80); // a leading zero keeps it positive
    out.push(INTEGER);
    length(out, number.len() + sign);
    out.extend(std::iter::repeat_n(0, sign));
    out.extend_from_slice(number);
}

#[cfg(feature = "crypto")]
fn length(out: &mut Vec<u8>, length: usize) {
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let number = without_zeros(&bytes);
        out.push(0x80 | number.len() as u8);
        out.extend_from_slice(number);
    }
}

#[cfg(all(test, feature = "crypto"))]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_positive_and_lengths_minimal() {
        let numbers = [&[0u8, 0][..], &[0, 0x7f], &[0x80]];
        let der = integers(&numbers);
        assert_eq!(**der, [0x30, 10, 2, 1, 0, 2, 1, 0x7f, 2, 2, 0, 0x80]);
        let mut read = Reader::sequence(&der).unwrap();
        assert_eq!(read.unsigned(), Some(&[][..]));
        assert_eq!(read.unsigned(), Some(&[0x7f][..]));
        assert_eq!(read.unsigned(), Some(&[0x80][..]));
        assert_eq!(read.next(), None);

        let mut out = Vec::new();
        for size in [0x7f, 0x80, 0x1234] {
            length(&mut out, size);
        }
        assert_eq!(out, [0x7f, 0x81, 0x80, 0x82, 0x12, 0x34]);
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_refused() {
        for bad in [
            &[0x30u8][..],
            &[0x30, 1],
            &[0x30, 0x80],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0, 0],
            &[2, 0],
        ] {
            assert!(Reader::sequence(bad).is_none(), "{bad:?}");
        }
    }
}
