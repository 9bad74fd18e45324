//! Known answers of the RFCs.

use serde_json::{Value, json};
use tower_auth_jose::{Algorithm, Header, Jwk, JwkSet, SigningKey, Verifier, base64url};

/// The private key of RFC 7515 appendix A.2.
const A2: &str = include_str!("keys/rfc7515_a2.jwk.json");
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const A1: &str = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
const A3: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const A4: &str = r#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2","d":"AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"}"#;
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn signature(key: &SigningKey, input: &str) -> String {
    base64url::encode(key.sign(input.as_bytes()).unwrap())
}

#[test]
fn the_signatures_of_rfc_7515_and_rfc_8037_are_reproduced_and_verified() {
    for (algorithm, jwk, input, known) in [
        (
            Algorithm::Hs256,
            A1,
            format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}"),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        (
            Algorithm::Rs256,
            A2,
            format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}"),
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            Algorithm::EdDsa,
            ED,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".to_owned(),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        ),
    ] {
        let key = SigningKey::from_jwk(algorithm, jwk).unwrap();
        assert_eq!(signature(&key, &input), known);
        let verifier = Verifier::new([algorithm]).keys([Jwk::parse(jwk).unwrap()]);
        verifier.verify(&format!("{input}.{known}")).unwrap();
    }
}

#[test]
fn the_ecdsa_examples_of_rfc_7515_are_verified_and_their_keys_sign() {
    for (algorithm, jwk, token) in [
        (Algorithm::Es256, A3, format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")),
        (Algorithm::Es512, A4, "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn".to_owned()),
    ] {
        let verifier = Verifier::new([algorithm]).keys([Jwk::parse(jwk).unwrap()]);
        verifier.verify(&token).unwrap();
        let key = SigningKey::from_jwk(algorithm, jwk).unwrap();
        verifier.verify(&key.sign_compact(&Header::new(), b"Payload").unwrap()).unwrap();
    }
}

#[test]
fn thumbprints_are_those_of_rfc_7638_and_rfc_8037() {
    let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    for (jwk, known) in [
        (rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (ED, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        (A3, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"),
    ] {
        let jwk = Jwk::parse(jwk).unwrap();
        assert_eq!(jwk.thumbprint(), known);
        assert_eq!(jwk.public().unwrap().thumbprint(), known);
    }
}

#[test]
fn a_key_is_written_as_it_was_read_and_the_public_half_has_nothing_private() {
    for (text, private) in [(A1, true), (A2, true), (A3, true), (A4, true), (ED, true)] {
        let read: Value = serde_json::from_str(text).unwrap();
        let jwk = Jwk::parse(text).unwrap().with_key_id("k\"1");
        assert_eq!(jwk.is_private(), private);
        let mut written: Value = serde_json::from_str(jwk.to_private_json().expose()).unwrap();
        assert_eq!(written["kid"], "k\"1");
        written.as_object_mut().unwrap().remove("kid");
        assert_eq!(written, read);
        assert!(!format!("{jwk:?}").contains(read["d"].as_str().unwrap_or("AyM1")));
        let Some(public) = jwk.to_public() else {
            assert_eq!(read["kty"], "oct");
            continue;
        };
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert_eq!(public.get(name), None, "{name}");
        }
        assert!(!Jwk::parse(&public.to_string()).unwrap().is_private());
    }
}

#[test]
fn in_a_set_a_bad_key_costs_only_itself_and_use_and_operations_are_heeded() {
    let ed = |more: Value| {
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        key.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        key
    };
    let set = json!({"keys": [
        ed(json!({"kid": "a"})), ed(json!({"kid": "a", "use": "sig", "key_ops": ["verify"]})),
        ed(json!({"kid": "b", "use": "enc"})), ed(json!({"kid": "b", "key_ops": ["sign"]})),
        ed(json!({"kid": "b", "alg": "ES256"})), ed(json!({"kid": "c", "alg": "Ed25519"})),
        {"kty": "OKP", "crv": "X25519", "x": "AA"}, {"kty": "RSA", "n": "AA", "e": "AQAB"}, 7, null,
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {"kty": "RSA", "n": "?", "e": "AQAB"},
    ]});
    let set = JwkSet::parse(&set.to_string()).unwrap();
    assert_eq!((set.keys().len(), set.skipped()), (6, 6));
    let found = |id, algorithm| set.find(id, algorithm).count();
    assert_eq!(found(Some("a"), Algorithm::EdDsa), 2);
    assert_eq!(found(Some("b"), Algorithm::EdDsa), 0);
    assert_eq!(found(Some("c"), Algorithm::EdDsa), 1);
    assert_eq!(found(None, Algorithm::Ed25519), 3);
    assert_eq!(found(None, Algorithm::Es256), 0);
    for bad in ["", "[]", "{}", r#"{"keys":{}}"#] {
        assert!(JwkSet::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_header_says_the_algorithm_of_the_key_and_the_certificate() {
    let key = SigningKey::from_jwk(Algorithm::Es256, A3)
        .unwrap()
        .with_key_id("k1");
    let header = |header: Header| -> String {
        let token = key.sign_compact(&header, b"").unwrap();
        let header = base64url::decode(token.split('.').next().unwrap()).unwrap();
        String::from_utf8(header).unwrap()
    };
    assert_eq!(header(Header::new()), r#"{"alg":"ES256","kid":"k1"}"#);
    assert_eq!(
        header(
            Header::new()
                .set("alg", "none")
                .key_id("k2")
                .typ("JWT")
                .set("x", 1)
        ),
        r#"{"alg":"ES256","typ":"JWT","kid":"k2","x":1}"#
    );
    assert_eq!(
        header(Header::new().set("kid", Value::Null)),
        r#"{"alg":"ES256"}"#
    );
    // `printf abc | sha1sum`, `sha256sum`
    assert_eq!(
        header(
            Header::new()
                .set("kid", Value::Null)
                .certificate_sha1(b"abc")
                .certificate_sha256(b"abc")
                .certificates([&b"abc"[..]])
        ),
        r#"{"alg":"ES256","x5t":"qZk-NkcGgWq6PiVxeFDCbJzQ2J0","x5t#S256":"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0","x5c":["YWJj"]}"#
    );
    let proof = header(Header::new().jwk(&key).unwrap());
    assert!(
        proof.contains(r#""crv":"P-256""#) && !proof.contains(r#""d""#),
        "{proof}"
    );
}
