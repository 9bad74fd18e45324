//! The examples of RFC 2617 and RFC 7616, through the whole layer.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::Full;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tower::{Layer, ServiceExt, service_fn};
use tower_auth_core::{SchemeExt, replay::Cloned};
use tower_auth_digest::{Digest, NonceSource};

#[derive(Clone, Debug)]
struct Always(&'static str);

impl NonceSource for Always {
    fn nonce(&self) -> String {
        self.0.to_owned()
    }
}

/// The header that answers these challenges, sorted into its parameters.
async fn answer(digest: Digest, challenges: &'static [&'static str], uri: &str) -> Vec<String> {
    let seen = Arc::new(Mutex::new(String::new()));
    let writes = Arc::clone(&seen);
    let server = service_fn(move |request: Request<Full<Bytes>>| {
        let writes = Arc::clone(&writes);
        async move {
            let mut response = Response::new(Full::<Bytes>::default());
            match request.headers().get(AUTHORIZATION) {
                Some(header) => {
                    assert!(header.is_sensitive());
                    *writes.lock().unwrap() = String::from_utf8(header.as_bytes().into()).unwrap();
                }
                None => {
                    *response.status_mut() = StatusCode::UNAUTHORIZED;
                    for challenge in challenges {
                        let challenge = challenge.parse().unwrap();
                        response.headers_mut().append("www-authenticate", challenge);
                    }
                }
            }
            Ok::<_, Infallible>(response)
        }
    });
    let client = digest.danger_allow_plaintext().replay(Cloned).layer(server);
    let request = Request::get(uri).body(Full::default()).unwrap();
    assert_eq!(
        client.oneshot(request).await.unwrap().status(),
        StatusCode::OK
    );
    let header = seen.lock().unwrap().clone();
    let mut params: Vec<_> = header
        .strip_prefix("Digest ")
        .unwrap()
        .split(", ")
        .map(str::to_owned)
        .collect();
    params.sort();
    params
}

const TWO: &[&str] = &[
    r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#,
    r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#,
];

fn mufasa() -> Digest {
    Digest::new("Mufasa", "Circle of Life")
        .unwrap()
        .client_nonces(Always("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"))
}

const URI: &str = "http://api.example.org/dir/index.html";

/// RFC 7616 section 3.9.1.
#[tokio::test]
async fn sha_256_is_answered_rather_than_md5() {
    let params = answer(mufasa(), TWO, URI).await;
    let expected = [
        r#"algorithm=SHA-256"#,
        r#"cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ""#,
        r#"nc=00000001"#,
        r#"nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v""#,
        r#"opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#,
        r#"qop=auth"#,
        r#"realm="http-auth@example.org""#,
        r#"response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1""#,
        r#"uri="/dir/index.html""#,
        r#"username="Mufasa""#,
    ];
    assert_eq!(params, expected);
}

/// RFC 7616 section 3.9.1.
#[tokio::test]
async fn md5_when_there_is_nothing_else() {
    let params = answer(mufasa(), &TWO[1..], URI).await;
    let response = r#"response="8ca523f5e9506fed4657c9700eebdbec""#;
    assert!(params.iter().any(|param| param == response), "{params:?}");
    assert!(params.iter().any(|param| param == "algorithm=MD5"));
}

/// RFC 7616 section 3.9.2, with the values of its erratum 4897: the printed ones are those of a truncated SHA-512.
#[tokio::test]
async fn sha_512_256_with_a_hashed_user_name_in_utf_8() {
    let challenge: &[&str] = &[
        r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true"#,
    ];
    let digest = Digest::new("Jäsøn Doe", "Secret, or not?")
        .unwrap()
        .client_nonces(Always("NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"));
    let params = answer(digest, challenge, "http://api.example.org/doe.json").await;
    for expected in [
        r#"username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b""#,
        r#"response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5""#,
        "userhash=true",
    ] {
        assert!(params.iter().any(|param| param == expected), "{params:?}");
    }
}

/// RFC 2617 section 3.5.
#[tokio::test]
async fn the_example_of_rfc_2617() {
    let challenge: &[&str] = &[
        r#"Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#,
    ];
    let digest = Digest::new("Mufasa", "Circle Of Life")
        .unwrap()
        .client_nonces(Always("0a4f113b"));
    let params = answer(digest, challenge, "http://www.nowhere.org/dir/index.html").await;
    let response = r#"response="6629fae49393a05397450978507c4ef1""#;
    assert!(params.iter().any(|param| param == response), "{params:?}");
    assert!(!params.iter().any(|param| param.starts_with("algorithm")));
}

/// A server of RFC 2069 offers no `qop`. The answer of that RFC's section 2.4, as its erratum 749 has it.
#[tokio::test]
async fn a_server_of_rfc_2069_is_answered_without_counts() {
    let challenge: &[&str] = &[
        r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#,
    ];
    let digest = Digest::new("Mufasa", "CircleOfLife").unwrap();
    let params = answer(digest, challenge, "http://www.nowhere.org/dir/index.html").await;
    let expected = [
        r#"nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093""#,
        r#"opaque="5ccc069c403ebaf9f0171e9517f40e41""#,
        r#"realm="testrealm@host.com""#,
        r#"response="1949323746fe6a43ef61f9606e7febea""#,
        r#"uri="/dir/index.html""#,
        r#"username="Mufasa""#,
    ];
    assert_eq!(params, expected);
}

#[tokio::test]
async fn a_user_name_beyond_ascii_goes_in_the_extended_notation() {
    let challenge: &[&str] = &[r#"Digest realm="r", qop="auth", nonce="n", charset=UTF-8"#];
    let digest = Digest::new("Jäsøn Doe", "x").unwrap();
    let params = answer(digest, challenge, URI).await;
    let expected = "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe"; // RFC 7616 section 3.4
    assert!(params.iter().any(|param| param == expected), "{params:?}");
}
