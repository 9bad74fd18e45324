//! Nothing that a server or a file can hold makes us panic.

mod support;

use proptest::prelude::*;
use support::answering;
use tower_auth_oauth2::{
    BearerError, Challenge, ClientAuth, Introspection, OAuth2, Provider, Revocation,
    ServerMetadata, well_known_urls,
};

/// Text that looks a little like what is expected.
fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ ,=\"\\\\A-Za-z/+\u{e9}-]{0,60}",
        r#"\{("(access_token|expires_in|error|scope|token_type|refresh_token)":("?[a-z0-9.eE+-]{0,20}"?|null|\[\]|\{\}),?){0,5}\}"#,
        "(access_token|error|expires_in)=[a-z%0-9&=]{0,40}",
    ]
}

proptest! {
    #[test]
    fn whatever_a_server_answers(status in 200_u16..600, body in odd()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (http, _) = answering(&[(status, &body)]);
            let auth = OAuth2::client_credentials("https://as.example/t", "id", "s").http_client(http).build().unwrap();
            if let Ok(token) = auth.token().await {
                assert!(token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
            }
        });
    }

    #[test]
    fn whatever_a_device_is_answered(code in odd(), interval in any::<i64>(), lifetime in any::<i64>(), body in odd()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let sound = format!(
                r#"{{"device_code":"d","user_code":"u","verification_uri":"https://g.co","interval":{interval},"expires_in":{lifetime}}}"#
            );
            for first in [&*code, &*sound] {
                let (http, log) = answering(&[(200, first), (400, &body), (200, &body), (400, "{}")]);
                let auth = OAuth2::device_authorization("https://as.example/d", "https://as.example/t", "id")
                    .http_client(http)
                    .on_user_code(|_| {})
                    .build()
                    .unwrap();
                let _ = auth.token().await;
                assert!(log.all().len() <= 5);
            }
        });
    }

    #[test]
    fn whatever_the_small_clients_are_answered(status in 200_u16..600, body in odd()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (http, _) = answering(&[(status, &body)]);
            let (url, auth) = ("https://as.example", ClientAuth::post("id", "secret").unwrap());
            let asked = Introspection::new(url, auth.clone()).unwrap().http_client(http.clone());
            if let Ok(state) = asked.introspect("t", None).await {
                let _ = (state.audience(), state.expires_at());
            }
            let _ = Revocation::new(url, auth).unwrap().http_client(http.clone()).revoke("t", None).await;
            if let Ok(found) = ServerMetadata::discover(url, &http).await {
                assert_eq!(found.for_mutual_tls().issuer(), Some(url));
            }
        });
    }

    #[test]
    fn whatever_a_challenge_says(value in odd()) {
        for challenge in Challenge::parse(&value) {
            assert!(!challenge.scheme().is_empty());
        }
        let mut headers = http::HeaderMap::new();
        if let Ok(value) = value.parse() {
            headers.insert("www-authenticate", value);
        }
        let _ = BearerError::from_headers(&headers);
    }

    #[test]
    fn whatever_a_configuration_says(text in odd()) {
        let _ = ServerMetadata::parse(&text, &text);
        let _ = well_known_urls(&text);
        let _ = Provider::okta(&text, &text);
        let (http, _) = answering(&[(200, "{}")]);
        let _ = OAuth2::client_credentials(&text, &text, text.as_str())
            .scope(&text)
            .resource(&text)
            .parameter(&text, text.as_str())
            .token_in_header(text.as_str(), &text)
            .http_client(http.clone())
            .build();
        let _ = OAuth2::client_credentials("https://as.example/t", "i", "s").token_in_form_body(&text).http_client(http).build();
        #[cfg(feature = "jwt")]
        {
            use tower_auth_oauth2::{Algorithm, SigningKey};
            let _ = SigningKey::from_pem(Algorithm::Rs256, &text);
            let _ = SigningKey::from_jwk(Algorithm::Es256, &text);
            let _ = OAuth2::google_service_account(&text);
        }
    }
}
