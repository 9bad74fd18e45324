//! What is claimed. How it is signed is judged in `tower-auth-jose`.

use super::*;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};

const SECRET: &str = "as long as HS256 has it: 32 bytes";

fn parts(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (json(), json())
}

#[test]
fn an_assertion_claims_what_it_was_told_and_no_nulls() {
    let key = SigningKey::from_secret(Algorithm::Hs256, SECRET)
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
    let key = SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap();
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
    let key = || SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap();
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
