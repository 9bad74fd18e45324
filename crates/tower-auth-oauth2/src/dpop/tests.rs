use super::{nonces::Nonces, proof};
use http::{HeaderMap, Method, Uri};
use tower_auth_core::Origin;
use tower_auth_jose::base64url;

/// RFC 9449 section 7.1.
#[test]
fn the_claims_of_a_proof_are_those_of_the_rfc() {
    let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    let hash = proof::hash(token);
    assert_eq!(hash, "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    let uri = Uri::from_static("https://resource.example.org/protectedresource");
    let claims = proof::claims(
        "e1j3V_bKic8-LAEB",
        &Method::GET,
        &uri,
        1_562_262_618,
        Some(&hash),
        None,
    );
    assert_eq!(
        base64url::encode(claims.unwrap().to_json()),
        "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0\
         ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9"
    );
}

#[test]
fn the_url_of_a_proof_has_no_query_and_no_usual_port() {
    for (uri, target) in [
        (
            "https://RESOURCE.example.org:443/a?x=1",
            "https://resource.example.org/a",
        ),
        ("HTTP://h:80", "http://h/"),
        ("https://h:8443/%41/../b?", "https://h:8443/%41/../b"),
        ("https://user:pw@[::1]:80/", "https://[::1]:80/"),
    ] {
        assert_eq!(proof::target(&uri.parse().unwrap()).unwrap(), target);
    }
    assert!(proof::target(&Uri::from_static("/path")).is_err());
}

#[test]
fn nonces_are_kept_for_each_origin_and_bounded() {
    let nonces = Nonces::default();
    let origin = |number: usize| {
        let uri = format!("https://h{number}/");
        Origin::of(&uri.parse().unwrap()).unwrap()
    };
    let learn = |number: usize, nonce: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("dpop-nonce", nonce.parse().unwrap());
        nonces.learn(&origin(number), &headers);
    };
    for number in 0..1000 {
        learn(number, "n");
    }
    assert_eq!(nonces.of(&origin(0)), None);
    assert_eq!(nonces.of(&origin(999)).as_deref(), Some("n"));
    for bad in ["", "a b", "a\"b", "a\\b", &"n".repeat(1025)] {
        learn(999, bad);
        assert_eq!(nonces.of(&origin(999)).as_deref(), Some("n"), "{bad}");
    }
    learn(999, "eyJ7S_zG.eyJH0-Z.HX4w-7v");
    assert_eq!(
        nonces.of(&origin(999)).as_deref(),
        Some("eyJ7S_zG.eyJH0-Z.HX4w-7v")
    );
}
