//! Tokens that a verifier has to refuse, made by hand.

use proptest::prelude::*;
use tower_auth_jose::{
    Algorithm, Header, Jwk, JwkSet, KeyErrorKind, PrivateKeyDer, SigningKey, UnverifiedTimes,
    Validation, Verifier, VerifyErrorKind as Kind, base64url,
};

const RSA_PEM: &str = include_str!("keys/rsa.spki.pem");

fn es256() -> (SigningKey, Verifier) {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let verifier = Verifier::new([Algorithm::Es256]).keys(key.public_jwk());
    (key, verifier)
}

fn refused(verifier: &Verifier, token: &str) -> Kind {
    verifier.verify(token).unwrap_err().kind()
}

fn unsigned(header: &str) -> String {
    format!("{}.{}.", base64url::encode(header), base64url::encode("{}"))
}

#[test]
fn none_is_refused_in_every_spelling() {
    let (_, verifier) = es256();
    for alg in ["none", "None", "NONE", "nOnE", "", "es256", "HS256"] {
        let token = unsigned(&format!(r#"{{"alg":"{alg}"}}"#));
        assert_eq!(refused(&verifier, &token), Kind::Algorithm, "{alg}");
    }
    for header in [r#"{"alg":null}"#, r#"{"alg":["ES256"]}"#, "{}"] {
        assert_eq!(
            refused(&verifier, &unsigned(header)),
            Kind::Algorithm,
            "{header}"
        );
    }
    assert_eq!(
        refused(&verifier, &unsigned(r#"{"alg":"ES256"}"#)),
        Kind::Signature
    );
}

#[test]
fn a_public_key_never_becomes_the_secret_of_an_hmac() {
    let public = Jwk::public_from_pem(RSA_PEM).unwrap();
    let forger = SigningKey::from_octets(Algorithm::Hs256, RSA_PEM.as_bytes()).unwrap();
    let token = forger.sign_compact(&Header::new(), b"{}").unwrap();
    let only_rsa = Verifier::new([Algorithm::Rs256]).keys([public.clone()]);
    assert_eq!(refused(&only_rsa, &token), Kind::Algorithm);
    // Even when both are allowed.
    let both = Verifier::new([Algorithm::Rs256, Algorithm::Hs256]).keys([public]);
    assert_eq!(refused(&both, &token), Kind::UnknownKey);
}

#[test]
fn neither_the_public_half_nor_a_store_widens_what_a_key_is_for() {
    let private = SigningKey::generate(Algorithm::Es256)
        .and_then(|key| key.private_jwk())
        .unwrap();
    let json = private.to_private_json();
    for (operations, sign, verify) in [
        (r#"["sign"]"#, true, true),
        (r#"["sign","verify"]"#, true, true),
        (r#"["deriveKey"]"#, false, false),
        (r#"["decrypt"]"#, false, false),
    ] {
        let limited = json.expose().trim_end_matches('}').to_owned();
        let limited = Jwk::parse(&format!(r#"{limited},"key_ops":{operations}}}"#)).unwrap();
        let stored = Jwk::parse(limited.to_private_json().expose()).unwrap();
        assert_eq!(stored.fits(Algorithm::Es256, "sign"), sign, "{operations}");
        let public = limited.public().unwrap();
        assert_eq!(
            public.fits(Algorithm::Es256, "verify"),
            verify,
            "{operations}"
        );
        let written = public.to_private_json();
        let named = written.expose().matches("verify").count();
        assert_eq!(named, usize::from(verify), "{operations}");
    }
}

#[test]
fn a_key_in_the_token_is_not_used() {
    let (_, verifier) = es256();
    let forger = SigningKey::generate(Algorithm::Es256).unwrap();
    let header = Header::new()
        .jwk(&forger)
        .unwrap()
        .set("jku", "https://evil.example/jwks");
    let token = forger.sign_compact(&header, b"{}").unwrap();
    assert_eq!(refused(&verifier, &token), Kind::Signature);
}

#[test]
fn a_key_serves_its_own_curve_and_algorithm_only() {
    let key = SigningKey::generate(Algorithm::Es384).unwrap();
    let token = key.sign_compact(&Header::new(), b"{}").unwrap();
    let (other, _) = es256();
    let all = [Algorithm::Es256, Algorithm::Es384];
    assert_eq!(
        refused(&Verifier::new(all).keys(other.public_jwk()), &token),
        Kind::UnknownKey
    );
    let relabelled = token.replacen(
        &base64url::encode(r#"{"alg":"ES384"}"#),
        &base64url::encode(r#"{"alg":"ES256"}"#),
        1,
    );
    assert_eq!(
        refused(&Verifier::new(all).keys(key.public_jwk()), &relabelled),
        Kind::UnknownKey
    );
}

#[test]
fn psychic_short_long_and_der_signatures_are_refused() {
    let (key, verifier) = es256();
    let token = key.sign_compact(&Header::new(), b"{}").unwrap();
    verifier.verify(&token).unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = base64url::decode(signature).unwrap();
    let with = |signature: &[u8]| format!("{input}.{}", base64url::encode(signature));
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut flipped = signature.clone();
    flipped[63] ^= 1;
    for bad in [
        &[0; 64][..],
        &[],
        &[0; 63],
        &signature[..63],
        &[&signature[..], &[0]].concat(),
        &[order, order].concat(),
        &[0x30, 6, 2, 1, 1, 2, 1, 1],
        &flipped,
    ] {
        assert_eq!(refused(&verifier, &with(bad)), Kind::Signature, "{bad:?}");
    }
    // Ed25519: S plus the order of the group is the same signature to a lax verifier.
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let verifier = Verifier::new([Algorithm::EdDsa]).keys(key.public_jwk());
    let token = key.sign_compact(&Header::new(), b"{}").unwrap();
    verifier.verify(&token).unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mut signature = base64url::decode(signature).unwrap();
    let order = [
        0xed_u8, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
        0xde, 0x14,
    ];
    let mut carry = 0;
    for (index, byte) in signature[32..].iter_mut().enumerate() {
        let add = order
            .get(index)
            .copied()
            .unwrap_or(if index == 31 { 0x10 } else { 0 });
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    let token = format!("{input}.{}", base64url::encode(signature));
    assert_eq!(refused(&verifier, &token), Kind::Signature);
}

#[test]
fn a_token_has_one_spelling() {
    let (key, verifier) = es256();
    let token = key.sign_compact(&Header::new(), b"{}").unwrap();
    let mut other_bits = token.clone();
    let last = other_bits.pop().unwrap();
    other_bits.push(if last == 'B' { 'C' } else { 'B' });
    for bad in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token} "),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}."),
        format!("{token}.x"),
        token.replacen('.', "=.", 1),
        token.replacen('.', "\n.", 1),
        token.replace('.', ".."),
        token.split_once('.').unwrap().1.to_owned(),
        other_bits,
        String::new(),
        "..".to_owned(),
        "é.é.é".to_owned(),
    ] {
        assert_eq!(refused(&verifier, &bad), Kind::Malformed, "{bad:?}");
    }
    let twice = base64url::encode(r#"{"alg":"ES256","alg":"ES256"}"#);
    let (_, rest) = token.split_once('.').unwrap();
    assert_eq!(
        refused(&verifier, &format!("{twice}.{rest}")),
        Kind::Malformed
    );
    assert_eq!(refused(&verifier, &"a".repeat(1 << 17)), Kind::TooLarge);
    assert_eq!(refused(&verifier.max_size(10), &token), Kind::TooLarge);
}

#[test]
fn critical_extensions_are_refused_though_the_signature_is_right() {
    let (key, verifier) = es256();
    for crit in [
        serde_json::json!(["b64"]),
        serde_json::json!([]),
        serde_json::json!("exp"),
    ] {
        let header = Header::new().set("crit", crit).set("b64", false);
        let token = key.sign_compact(&header, b"{}").unwrap();
        assert_eq!(refused(&verifier, &token), Kind::Critical);
    }
}

#[test]
fn a_token_of_another_type_is_refused_where_one_is_asked_for() {
    let (key, verifier) = es256();
    let verifier = verifier.typ("at+jwt");
    for (typ, wanted) in [
        (serde_json::json!("at+jwt"), None),
        (serde_json::json!("Application/AT+JWT"), None),
        (serde_json::json!("JWT"), Some(Kind::Type)),
        (serde_json::json!("text/at+jwt"), Some(Kind::Type)),
        (serde_json::json!(["at+jwt"]), Some(Kind::Type)),
        (serde_json::Value::Null, Some(Kind::Type)),
    ] {
        let header = Header::new().set("typ", typ.clone());
        let token = key.sign_compact(&header, b"{}").unwrap();
        let refused = verifier.verify(&token).err().map(|error| error.kind());
        assert_eq!(refused, wanted, "{typ}");
    }
}

#[test]
fn a_key_id_names_the_key_and_its_absence_means_all_that_fit() {
    let keys: Vec<_> = ["a", "b", "b"]
        .map(|id| {
            SigningKey::generate(Algorithm::Es256)
                .unwrap()
                .with_key_id(id)
        })
        .into();
    let verifier = Verifier::new([Algorithm::Es256])
        .key_set(&keys.iter().filter_map(SigningKey::public_jwk).collect());
    let named = |key: &SigningKey, id: serde_json::Value| {
        let token = key
            .sign_compact(&Header::new().set("kid", id), b"{}")
            .unwrap();
        verifier
            .verify(&token)
            .map(drop)
            .map_err(|error| error.kind())
    };
    for key in &keys {
        // Two keys under one id are both tried.
        assert_eq!(named(key, key.key_id().into()), Ok(()));
        assert_eq!(named(key, serde_json::Value::Null), Ok(()));
        assert_eq!(named(key, "c".into()), Err(Kind::UnknownKey));
        assert_eq!(named(key, 7.into()), Err(Kind::Malformed));
    }
    assert_eq!(named(&keys[0], "b".into()), Err(Kind::Signature));
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(
        named(&stranger, serde_json::Value::Null),
        Err(Kind::Signature)
    );

    // Keys without an id may be meant by any.
    let nameless = Verifier::new([Algorithm::Es256]).keys(stranger.public_jwk());
    let token = stranger
        .sign_compact(&Header::new().key_id("x"), b"{}")
        .unwrap();
    nameless.verify(&token).unwrap();
    let token = keys[0].sign_compact(&Header::new(), b"{}").unwrap();
    assert_eq!(refused(&nameless, &token), Kind::UnknownKey);

    let many = (0..9).filter_map(|_| stranger.public_jwk());
    let many = Verifier::new([Algorithm::Es256]).keys(many);
    let token = stranger.sign_compact(&Header::new(), b"{}").unwrap();
    assert_eq!(refused(&many, &token), Kind::UnknownKey);
}

#[test]
fn short_secrets_and_short_rsa_keys_are_refused_on_both_sides() {
    for (algorithm, least) in [
        (Algorithm::Hs256, 32),
        (Algorithm::Hs384, 48),
        (Algorithm::Hs512, 64),
    ] {
        for short in [0, 1, least - 1] {
            let error = SigningKey::from_octets(algorithm, &vec![7; short]).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::TooShort);
            let error = Jwk::secret(&vec![7; short])
                .verifying_key(algorithm)
                .unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::TooShort);
        }
        let key = SigningKey::from_secret(algorithm, "s".repeat(least)).unwrap();
        let token = key.sign_compact(&Header::new(), b"{}").unwrap();
        let verifier = Verifier::new([algorithm]).keys([Jwk::secret("s".repeat(least).as_bytes())]);
        verifier.verify(&token).unwrap();
    }
    let short = include_str!("keys/rsa1024.pkcs8.pem");
    assert!(SigningKey::from_pem(Algorithm::Rs256, short).is_err());
    let n = base64url::encode([0xff; 128]);
    let short = Jwk::parse(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#)).unwrap();
    let error = short.verifying_key(Algorithm::Rs256).unwrap_err();
    assert_eq!(error.kind(), KeyErrorKind::TooShort);
}

#[test]
fn a_limit_of_a_key_that_cannot_be_read_is_not_passed_over() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let key = |more: &str| {
        Jwk::parse(&format!(
            r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"{more}}}"#
        ))
    };
    for bad in [r#","alg":["HS256"]"#, r#","use":["enc"]"#, r#","use":7"#] {
        assert_eq!(
            key(bad).unwrap_err().kind(),
            KeyErrorKind::Malformed,
            "{bad}"
        );
    }
    for good in ["", r#","use":null"#, r#","use":"sig""#] {
        assert!(
            key(good).unwrap().fits(Algorithm::EdDsa, "verify"),
            "{good}"
        );
    }
}

#[test]
fn the_error_of_a_key_names_the_number_or_the_curve_that_is_to_blame() {
    let modulus = base64url::encode([0xff; 256]);
    let exponent = base64url::encode([0xff; 9]);
    for (key, blamed) in [
        (
            format!(r#"{{"kty":"RSA","n":"{modulus}","e":"{exponent}"}}"#),
            "`e`",
        ),
        (r#"{"kty":"EC","x":"AA","y":"AA"}"#.to_owned(), "`crv`"),
    ] {
        let error = Jwk::parse(&key).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::Malformed);
        assert!(error.to_string().contains(blamed), "{error}");
    }
}

#[test]
fn a_time_that_no_float_holds_is_refused() {
    // Where `arbitrary_precision` is off, serde_json refuses it already.
    let (key, verifier) = es256();
    let payload = br#"{"exp":4102444800,"nbf":1e999}"#;
    let token = key.sign_compact(&Header::new(), payload).unwrap();
    let claims = verifier.verify(&token).unwrap().claims();
    assert!(claims.and_then(|c| Validation::new().check(&c)).is_err());
}

#[test]
fn a_point_that_is_not_on_the_curve_verifies_nothing() {
    let coordinate = base64url::encode([1; 32]);
    let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{coordinate}","y":"{coordinate}"}}"#);
    let verifier = Verifier::new([Algorithm::Es256]).keys([Jwk::parse(&jwk).unwrap()]);
    let (key, _) = es256();
    let token = key.sign_compact(&Header::new(), b"{}").unwrap();
    assert_eq!(refused(&verifier, &token), Kind::Signature);
}

proptest! {
    #[test]
    fn nothing_that_is_read_panics(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "\\PC*") {
        let _ = PrivateKeyDer::from_pem(&bytes);
        let _ = PrivateKeyDer::from_der(&bytes);
        let _ = Jwk::public_from_der(&bytes);
        let _ = Jwk::public_from_pem(&bytes);
        let _ = Jwk::parse(&text);
        let _ = JwkSet::parse(&text);
        let _ = UnverifiedTimes::of(&text);
        let _ = Verifier::new([Algorithm::Es256]).verify(&text);
    }

    #[test]
    fn no_damage_to_a_key_panics_and_no_damage_to_a_token_is_passed_over(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for pem in [include_str!("keys/rsa.bag.pem"), include_str!("keys/p256.sec1.pem"), RSA_PEM] {
            let mut pem = pem.as_bytes().to_vec();
            let at = at.index(pem.len());
            pem[at] = byte;
            let _ = SigningKey::from_pem(Algorithm::Es256, &pem);
            let _ = Jwk::public_from_pem(&pem).map(|jwk| jwk.verifying_key(Algorithm::Rs256));
            pem.truncate(at);
            let _ = SigningKey::from_pem(Algorithm::Rs256, &pem);
        }
        let key = SigningKey::from_secret(Algorithm::Hs256, "0123456789abcdef0123456789abcdef").unwrap();
        let token = key.sign_compact(&Header::new(), br#"{"sub":"a"}"#).unwrap();
        let mut bytes = token.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte & 0x7f;
        let damaged = String::from_utf8(bytes).unwrap();
        let verifier = Verifier::new([Algorithm::Hs256]).keys([Jwk::secret(b"0123456789abcdef0123456789abcdef")]);
        prop_assert_eq!(verifier.verify(&damaged).is_ok(), damaged == token);
    }
}
