//! Just enough DER (X.690) to write an RSA key as PKCS#1 (RFC 8017 appendix A.1.2).

use zeroize::Zeroizing;

/// `RSAPrivateKey` of two primes: the numbers big-endian, in the order n, e, d, p, q, dP, dQ, qInv.
pub(super) fn rsa_private_key(numbers: &[Zeroizing<Vec<u8>>; 8]) -> Zeroizing<Vec<u8>> {
    let size: usize = numbers.iter().map(|number| number.len() + 8).sum();
    let mut content = Zeroizing::new(Vec::with_capacity(size + 3));
    integer(&mut content, &[0]); // version: two primes
    for number in numbers {
        integer(&mut content, number);
    }
    let mut sequence = Zeroizing::new(Vec::with_capacity(content.len() + 8));
    sequence.push(0x30);
    length(&mut sequence, content.len());
    sequence.extend_from_slice(&content);
    sequence
}

fn integer(out: &mut Vec<u8>, number: &[u8]) {
    let first = number.iter().position(|byte| *byte != 0);
    let number = first.map_or(&[0][..], |first| &number[first..]);
    let sign = usize::from(number[0] >= 0x80); // a leading zero keeps it positive
    out.push(0x02);
    length(out, number.len() + sign);
    out.extend(std::iter::repeat_n(0, sign));
    out.extend_from_slice(number);
}

fn length(out: &mut Vec<u8>, length: usize) {
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        out.push(0x80 | (bytes.len() - zeros) as u8);
        out.extend_from_slice(&bytes[zeros..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_positive_and_lengths_minimal() {
        let mut out = Vec::new();
        for number in [&[0u8, 0][..], &[0, 0x7f], &[0x80]] {
            integer(&mut out, number);
        }
        assert_eq!(out, [2, 1, 0, 2, 1, 0x7f, 2, 2, 0, 0x80]);
        let mut out = Vec::new();
        length(&mut out, 0x7f);
        length(&mut out, 0x80);
        length(&mut out, 0x1234);
        assert_eq!(out, [0x7f, 0x81, 0x80, 0x82, 0x12, 0x34]);
    }
}
