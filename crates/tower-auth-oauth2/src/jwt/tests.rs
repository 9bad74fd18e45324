//! Known answers of the RFCs, and every algorithm judged by the verifiers of aws-lc.

use super::*;
use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};

/// The private key of RFC 7515 appendix A.2.
const RFC7515_A2: &str = include_str!("rfc7515_a2.jwk.json");
const RFC7515_PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn signature(key: &SigningKey, input: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).unwrap())
}

#[test]
fn the_examples_of_rfc_7515_are_reproduced() {
    // Appendix A.1
    let jwk = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
    let key = SigningKey::from_jwk(Algorithm::Hs256, jwk).unwrap();
    let input = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{RFC7515_PAYLOAD}");
    assert_eq!(
        signature(&key, &input),
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );

    // Appendix A.2
    let key = SigningKey::from_jwk(Algorithm::Rs256, RFC7515_A2).unwrap();
    let input = format!("eyJhbGciOiJSUzI1NiJ9.{RFC7515_PAYLOAD}");
    assert_eq!(
        signature(&key, &input),
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
}

#[test]
fn the_example_of_rfc_8037_is_reproduced() {
    // Appendices A.1 and A.4
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let key = SigningKey::from_jwk(Algorithm::EdDsa, jwk).unwrap();
    assert_eq!(
        signature(
            &key,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        ),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        BASE64_STANDARD.encode(der)
    )
}

fn verifies(key: &SigningKey, algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) {
    let signed = Assertion::new(key.clone())
        .issuer("i")
        .sign(UNIX_EPOCH, "a")
        .unwrap();
    let (input, signature) = signed.expose().rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let public = UnparsedPublicKey::new(algorithm, public);
    assert!(
        public.verify(input.as_bytes(), &signature).is_ok(),
        "{key:?}"
    );
    assert!(public.verify(b"else", &signature).is_err(), "{key:?}");
}

#[test]
fn every_asymmetric_algorithm_verifies_elsewhere() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let pem_text = pem("PRIVATE KEY", der.as_ref());
    let public = rsa.public_key().as_ref();
    let rsa_algorithms: [(Algorithm, &'static dyn VerificationAlgorithm); 6] = [
        (Algorithm::Rs256, &signature::RSA_PKCS1_2048_8192_SHA256),
        (Algorithm::Rs384, &signature::RSA_PKCS1_2048_8192_SHA384),
        (Algorithm::Rs512, &signature::RSA_PKCS1_2048_8192_SHA512),
        (Algorithm::Ps256, &signature::RSA_PSS_2048_8192_SHA256),
        (Algorithm::Ps384, &signature::RSA_PSS_2048_8192_SHA384),
        (Algorithm::Ps512, &signature::RSA_PSS_2048_8192_SHA512),
    ];
    for (algorithm, verifier) in rsa_algorithms {
        verifies(
            &SigningKey::from_pem(algorithm, &pem_text).unwrap(),
            verifier,
            public,
        );
    }

    let random = SystemRandom::new();
    let curves: [(Algorithm, _, &'static dyn VerificationAlgorithm); 3] = [
        (
            Algorithm::Es256,
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            &signature::ECDSA_P256_SHA256_FIXED,
        ),
        (
            Algorithm::Es384,
            &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            &signature::ECDSA_P384_SHA384_FIXED,
        ),
        (
            Algorithm::Es512,
            &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
            &signature::ECDSA_P521_SHA512_FIXED,
        ),
    ];
    for (algorithm, signer, verifier) in curves {
        let der = EcdsaKeyPair::generate_pkcs8(signer, &random).unwrap();
        let public = EcdsaKeyPair::from_pkcs8(signer, der.as_ref()).unwrap();
        let key = SigningKey::from_pem(algorithm, &pem("PRIVATE KEY", der.as_ref())).unwrap();
        verifies(&key, verifier, public.public_key().as_ref());
        // A key of one curve is none of another.
        for other in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
            let taken = SigningKey::from_pkcs8_der(other, der.as_ref()).is_ok();
            assert_eq!(taken, other == algorithm);
        }
    }

    let der = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let public = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
    let key = SigningKey::from_pkcs8_der(Algorithm::EdDsa, der.as_ref()).unwrap();
    verifies(&key, &signature::ED25519, public.public_key().as_ref());
}

#[test]
fn unusable_keys_are_refused_without_being_shown() {
    for (algorithm, bad) in [
        (Algorithm::Rs256, "planted"),
        (
            Algorithm::Rs256,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ),
        (
            Algorithm::Rs256,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
        ),
        (
            Algorithm::Rs256,
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        ),
    ] {
        let error = SigningKey::from_pem(algorithm, bad).unwrap_err();
        assert_eq!(error.parameter(), Some("key"), "{bad}");
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
    assert!(SigningKey::from_secret(Algorithm::Hs256, "").is_err());
    assert!(SigningKey::from_secret(Algorithm::Rs256, "secret").is_err());
    assert!(SigningKey::from_jwk(Algorithm::Es256, RFC7515_A2).is_err());
    assert!(
        SigningKey::from_jwk(Algorithm::Rs256, r#"{"kty":"RSA","n":"AQ","e":"AQAB"}"#).is_err()
    );
    assert_eq!(Algorithm::from_name("none"), None);
    assert_eq!(Algorithm::from_name("ES512"), Some(Algorithm::Es512));
}

fn parts(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (json(), json())
}

#[test]
fn an_assertion_claims_what_it_was_told_and_no_nulls() {
    let key = SigningKey::from_secret(Algorithm::Hs256, "s")
        .unwrap()
        .with_key_id("k1");
    let assertion = Assertion::new(key)
        .issuer("jürgen")
        .subject("日本")
        .audience("https://a.example/token")
        .audience("https://b.example")
        .lifetime(Duration::from_secs(600))
        .jwt_id("j/1+2=")
        .claim("nested", json!({"a": [1, {"b": null}]}))
        .claim("sub", Value::Null)
        .header("x5t", "t")
        .header("alg", "none");
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let token = assertion.sign(now, "unused").unwrap();
    assert!(!token.expose().contains('='));
    let (header, claims) = parts(token.expose());
    assert_eq!(
        header,
        json!({"alg": "HS256", "typ": "JWT", "kid": "k1", "x5t": "t"})
    );
    assert_eq!(
        claims,
        json!({
            "iss": "jürgen", "aud": ["https://a.example/token", "https://b.example"], "jti": "j/1+2=",
            "iat": 1_700_000_000, "exp": 1_700_000_600, "nested": {"a": [1, {"b": null}]},
        })
    );
    assert!(!format!("{assertion:?}").contains("jti"));
}

#[test]
fn every_assertion_has_an_id_of_its_own() {
    let key = SigningKey::from_secret(Algorithm::Hs256, "s").unwrap();
    let assertion = Assertion::new(key).issuer("i");
    let id = || {
        let token = assertion.sign(UNIX_EPOCH, "a").unwrap();
        parts(token.expose()).1["jti"].as_str().unwrap().to_owned()
    };
    assert_ne!(id(), id());
    assert_eq!(id().len(), 22);
}

#[test]
fn an_assertion_that_no_server_could_take_is_refused_beforehand() {
    use crate::{ClientAuth, OAuth2};
    let key = || SigningKey::from_secret(Algorithm::Hs256, "s").unwrap();
    let url = "https://as.example/t";
    let http = crate::HttpClient::new(tower::service_fn(
        async |_: http::Request<http_body_util::Full<bytes::Bytes>>| {
            Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::<
                bytes::Bytes,
            >::default()))
        },
    ));
    let refused = |assertion: Assertion| {
        let built = OAuth2::jwt_bearer(url, assertion)
            .http_client(http.clone())
            .build();
        built.err().and_then(|error| error.parameter())
    };
    assert_eq!(refused(Assertion::new(key())), Some("issuer"));
    assert_eq!(refused(Assertion::new(key()).issuer("")), Some("issuer"));
    assert_eq!(refused(Assertion::new(key()).claim("iss", "i")), None);
    let brief = Assertion::new(key())
        .issuer("i")
        .lifetime(Duration::from_millis(999));
    assert_eq!(refused(brief.clone()), Some("lifetime"));
    let error = ClientAuth::assertion("id", brief).unwrap_err();
    assert_eq!(error.parameter(), Some("lifetime"));

    let long = Assertion::new(key()).issuer("i").lifetime(Duration::MAX);
    let (_, claims) = parts(long.sign(UNIX_EPOCH, "a").unwrap().expose());
    assert_eq!(claims["exp"], 100 * 365 * 86_400_u64);
}
