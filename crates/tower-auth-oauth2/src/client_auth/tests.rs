use super::*;
use http::header::HeaderMap;
use std::time::{Duration, UNIX_EPOCH};
use tower_auth_core::{Basic, HeaderApiKey};

fn sent(auth: &ClientAuth) -> (HeaderMap, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut form = Form::grant("client_credentials");
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    auth.add_to(&mut form);
    let filled = runtime.block_on(form.fill(now, "https://server.example.com"));
    let body = String::from_utf8(filled.unwrap().encode().to_vec()).unwrap();
    let mut request = Request::post("https://server.example.com")
        .body(Body::empty())
        .unwrap();
    runtime.block_on(auth.sign(&mut request)).unwrap();
    (request.headers().clone(), body)
}

fn header(auth: &ClientAuth) -> String {
    let (headers, body) = sent(auth);
    assert_eq!(body, "grant_type=client_credentials");
    assert!(headers["authorization"].is_sensitive());
    headers["authorization"].to_str().unwrap().to_owned()
}

#[test]
fn basic_credentials_are_form_encoded_first_unless_told_otherwise() {
    let (id, secret) = ("s6BhdRkqt3", "gX1fBat3bV"); // RFC 6749 section 2.3.1
    let plain = "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW";
    assert_eq!(header(&ClientAuth::basic(id, secret).unwrap()), plain);
    assert_eq!(header(&ClientAuth::basic_raw(id, secret).unwrap()), plain);

    let (id, secret) = (
        "1PpG/Q 1",
        "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=",
    );
    assert_eq!(
        header(&ClientAuth::basic(id, secret).unwrap()),
        "Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA=="
    );
    assert_eq!(
        ClientAuth::basic_raw("a:b", "c").unwrap_err().parameter(),
        Some("client_id")
    );
}

#[test]
fn raw_credentials_with_control_characters_are_refused_and_form_encoded_ones_are_not() {
    for (id, secret, parameter) in [
        ("a\nb", "c", "client_id"),
        ("a", "c\n", "client_secret"),
        ("a", "\u{7f}", "client_secret"),
    ] {
        let error = ClientAuth::basic_raw(id, secret).unwrap_err();
        assert_eq!(error.parameter(), Some(parameter));
        assert!(ClientAuth::basic(id, secret).is_ok());
    }
    assert!(ClientAuth::basic_raw("é", "ключ \u{1f511}").is_ok());
}

#[test]
fn other_methods_speak_in_the_body() {
    let (headers, body) = sent(&ClientAuth::post("id", "s&c").unwrap());
    assert!(headers.is_empty());
    assert_eq!(
        body,
        "grant_type=client_credentials&client_id=id&client_secret=s%26c"
    );
    let (_, body) = sent(&ClientAuth::public("id").unwrap());
    assert_eq!(body, "grant_type=client_credentials&client_id=id");
    let (headers, body) = sent(&ClientAuth::anonymous());
    assert_eq!(
        (headers.len(), &*body),
        (0, "grant_type=client_credentials")
    );
}

#[test]
fn any_scheme_and_any_sum_can_authenticate_a_client() {
    let sum = Basic::new("u", "p").unwrap() + HeaderApiKey::new("k").unwrap();
    let (headers, _) = sent(&ClientAuth::scheme(sum));
    assert_eq!(headers["authorization"], "Basic dTpw");
    assert_eq!(headers["x-api-key"], "k");
}

#[cfg(feature = "jwt")]
#[test]
fn an_assertion_says_who_the_client_is() {
    // The claims and the key of `client_secret_jwt` in OpenID Connect Core section 9, with a fixed jti.
    let key =
        SigningKey::from_secret(Algorithm::Hs256, "gX1fBat3bV-padded-to-32-octets!!").unwrap();
    let assertion = Assertion::new(key)
        .lifetime(Duration::from_secs(60))
        .jwt_id("id123456");
    let (headers, body) = sent(&ClientAuth::assertion("s6BhdRkqt3", assertion).unwrap());
    assert!(headers.is_empty());
    // Signed by Python's `cryptography` from the same claims.
    let jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzNkJoZFJrcXQzIiwic3ViIjoiczZCaGRSa3F0MyIsImF1ZCI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tIiwianRpIjoiaWQxMjM0NTYiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDA2MH0.eZdXKdeYbu8cMlExnrS4gFYgti_2EixmJwBtlsCBzu4";
    assert_eq!(
        body,
        format!(
            "grant_type=client_credentials&client_id=s6BhdRkqt3&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={jwt}"
        )
    );
}

#[test]
fn debug_shows_who_but_not_the_secret() {
    let methods = [
        ClientAuth::basic("the-id", "planted"),
        ClientAuth::basic_raw("the-id", "planted"),
        ClientAuth::post("the-id", "planted"),
    ];
    for auth in methods {
        let shown = format!("{:?}", auth.unwrap());
        assert!(
            shown.contains("the-id") && !shown.contains("planted"),
            "{shown}"
        );
    }
    for bad in [
        ClientAuth::basic("", "s"),
        ClientAuth::post("", "s"),
        ClientAuth::public(""),
    ] {
        assert_eq!(bad.unwrap_err().parameter(), Some("client_id"));
    }
}
