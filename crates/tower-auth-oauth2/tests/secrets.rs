//! Nothing secret is in any `Debug`, `Display`, chain of errors, or trace.

mod support;

use std::{
    error::Error,
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};
use support::answering;
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_oauth2::{ClientAuth, HttpClient, Introspection, OAuth2, Revocation};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Collects everything that is traced, at every level.
#[derive(Clone, Default)]
struct Collect(Arc<Mutex<String>>);

impl Visit for Collect {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = writeln!(self.0.lock().unwrap(), "{}={value:?}", field.name());
    }
}

impl Subscriber for Collect {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn chain(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}\n");
    let mut next = error.source();
    while let Some(error) = next {
        let _ = writeln!(text, "{error} {error:?}");
        next = error.source();
    }
    text
}

/// A server that repeats what it was sent, in every place where words go, and says what it should not.
const ECHO: &str = r#"{"error":"invalid_grant","error_description":"not good: {sent}","error_uri":"https://x/?{sent}",
    "hint":["{sent}"],"{sent}":1,"access_token":"PLANTED-leak","code":"PLANTED-code"}"#;

/// One that repeats what it could not read.
const RAW: &str = r#"{"error":"invalid_request","error_description":"{raw}","nested":{"seen":["{raw}"],
    "access_token":["PLANTED-leak"]}}"#;

/// Has everything traced from the beginning. `tracing` remembers whether anybody listens at the place where something is
/// said; without this, a test that listens to nothing could be the one that it asks, on another thread.
fn listen() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(Collect::default()).expect("set once");
    });
}

#[tokio::test]
async fn planted_secrets_are_found_nowhere() {
    listen();
    let traced = Collect::default();
    let _guard = tracing::subscriber::set_default(traced.clone());
    let mut shown = String::new();
    let url = "https://as.example/token?key=PLANTED-in-url";
    let tokens = (
        200,
        r#"{"access_token":"PLANTED-access","refresh_token":"PLANTED-refresh","id_token":"PLANTED-id","expires_in":0,"x":"PLANTED-x"}"#,
    );
    for answers in [
        vec![tokens, (400, ECHO)],
        vec![(401, ECHO)],
        vec![(200, r#"{"token":"PLANTED-elsewhere"}"#)],
        vec![(200, "PLANTED-not-json ")],
        vec![(200, "{\"access_token\":\"PLANTED-a\\nb\"}")],
        vec![(503, "{sent} is down")],
        vec![(400, RAW)],
        vec![(502, "could not read {raw}")],
        vec![(200, r#"{"access_token":"a","token_type":"{sent}"}"#)],
    ] {
        let (http, _) = answering(&answers);
        let hands = ManualClock::at(std::time::UNIX_EPOCH);
        let clock = Clock::new(hands.clone());
        let basic = ClientAuth::basic("the-id", "PLANTED secret&1").unwrap();
        let post = ClientAuth::post("the-id", "PLANTED secret&1").unwrap();
        let cc = OAuth2::client_credentials_as(url, basic.clone())
            .parameter("api_key", "PLANTED secret&1");
        let refresh =
            OAuth2::refresh_token(url, "the-id", "PLANTED-refresh").client_auth(post.clone());
        let exchange = OAuth2::token_exchange(url, basic, "PLANTED-subject");
        let saml = OAuth2::saml_bearer(url, "PLANTED-saml: <x>");
        let _ = write!(shown, "{cc:?} {refresh:?} {exchange:?} {saml:?} {post:?}");
        let mut schemes = vec![
            cc.http_client(http.clone())
                .clock(clock.clone())
                .on_token(|token| assert!(!format!("{token:?}").contains("PLANTED")))
                .build()
                .unwrap(),
            refresh
                .http_client(http.clone())
                .clock(clock.clone())
                .build()
                .unwrap(),
            exchange
                .http_client(http.clone())
                .clock(clock.clone())
                .build()
                .unwrap(),
            saml.http_client(http.clone())
                .clock(clock.clone())
                .build()
                .unwrap(),
        ];
        #[cfg(feature = "jwt")]
        {
            use tower_auth_oauth2::{Algorithm, Assertion, SigningKey};
            let key = || {
                SigningKey::from_secret(
                    Algorithm::Hs256,
                    "PLANTED-key-of-thirty-two-bytes-and-more",
                )
                .unwrap()
            };
            let client =
                ClientAuth::secret_jwt("the-id", "PLANTED-key-of-thirty-two-bytes-and-more")
                    .unwrap();
            let assertion = Assertion::new(key()).issuer("the-id");
            let _ = write!(shown, "{client:?} {assertion:?}");
            for builder in [
                OAuth2::jwt_bearer(url, assertion),
                OAuth2::jwt_bearer_given(url, "PLANTED.given.assertion").client_auth(client),
            ] {
                let _ = write!(shown, "{builder:?}");
                let (http, clock) = (http.clone(), clock.clone());
                schemes.push(builder.http_client(http).clock(clock).build().unwrap());
            }
        }
        for state in [
            Introspection::new(url, post.clone())
                .unwrap()
                .http_client(http.clone())
                .introspect("PLANTED-asked", None)
                .await
                .map(|state| format!("{state:?}")),
            Revocation::new(url, post)
                .unwrap()
                .http_client(http.clone())
                .revoke("PLANTED-asked", None)
                .await
                .map(|()| String::new()),
        ] {
            shown.push_str(&state.unwrap_or_else(|error| chain(&error)));
        }
        #[cfg(feature = "password")]
        schemes.push(
            OAuth2::password(url, "the-user", "PLANTED+user/password")
                .http_client(http)
                .clock(clock)
                .build()
                .unwrap(),
        );
        #[cfg(not(feature = "password"))]
        let _ = (http, clock);
        for scheme in &mut schemes {
            for _ in 0..3 {
                if let Err(error) = scheme.token().await {
                    shown.push_str(&chain(&error));
                }
                hands.advance(Duration::from_secs(1000));
            }
            let _ = write!(shown, "{scheme:?}");
        }
    }
    let traced = traced.0.lock().unwrap().clone();
    assert!(
        traced.contains("asking for a token"),
        "the collector collects: {traced}"
    );
    assert!(
        shown.contains("invalid_grant") && shown.contains("the-id"),
        "{shown}"
    );
    assert!(!shown.contains("eyJ"), "a signed assertion: {shown}");
    assert!(
        !shown.contains("dGhlLWlkOlBMQU5U"),
        "the same in base64: {shown}"
    );
    for text in [shown, traced] {
        if let Some(at) = text.find("PLANTED") {
            let from = (0..=at.saturating_sub(200))
                .rev()
                .find(|at| text.is_char_boundary(*at))
                .unwrap();
            panic!("{}", &text[from..text.len().min(at + 60)]);
        }
    }
}

/// The same secret in every spelling and in every place, also such that the server said itself.
#[tokio::test]
async fn what_a_server_repeats_is_not_shown_however_and_wherever_it_spells_it() {
    listen();
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let secret = "pl4nted/\"s3cret+&1";
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let escaped: String = secret.bytes().map(|b| format!("\\u{b:04x}")).collect();
    let html: String = secret.bytes().map(|byte| format!("&#{byte};")).collect();
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let spellings = [
        secret.to_owned(),
        percent,
        escaped,
        html,
        form.to_lowercase(),
        BASE64_STANDARD.encode(secret),
        BASE64_STANDARD.encode(format!("the-id:{secret}")),
    ];
    for spelled in &spellings {
        let error = serde_json::json!({
            "error": format!("no {spelled}"), "error_description": spelled, "error_uri": spelled,
            "a": [{spelled: {spelled: [spelled]}}],
        });
        let kind = serde_json::json!({"access_token": "a", "token_type": spelled});
        for (status, body) in [
            (400, error.to_string()),
            (200, kind.to_string()),
            (400, format!("<p>{spelled}</p>")),
            (400, format!("bad: {spelled}")),
        ] {
            let (http, _) = answering(&[(status, &body)]);
            let auth = OAuth2::client_credentials("https://as.example/t", "the-id", secret);
            let auth = auth.http_client(http).build().unwrap();
            let shown = chain(&auth.token().await.unwrap_err());
            assert!(!shown.contains(&**spelled), "{spelled}: {shown}");
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
    // Numbers are scalars too, and what the server itself calls a token is one wherever it says it.
    for (sent, body) in [
        (
            "8675309868",
            r#"{"error":"e","pin_code_of":{"n":8675309868},"at":8675309868}"#,
        ),
        (
            "other",
            r#"{"error":"no 8675309868","id_token":"8675309868","x":[{"8675309868":1}]}"#,
        ),
        (
            "other",
            r#"{"access_token":"8675309868","token_type":"8675309868"}"#,
        ),
    ] {
        let status = if body.contains("error") { 400 } else { 200 };
        let (http, _) = answering(&[(status, body)]);
        let auth = OAuth2::client_credentials("https://as.example/t", "the-id", sent);
        let auth = auth.http_client(http).build().unwrap();
        let shown = chain(&auth.token().await.unwrap_err());
        assert!(!shown.contains("8675309868"), "{shown}");
    }
}

/// Nobody knows what a parameter means whose name no RFC has.
#[tokio::test]
async fn every_parameter_of_the_callers_is_a_secret_unless_an_rfc_says_otherwise() {
    listen();
    let url = "https://as.example/token?tenant=PLANTED-in-url&scope=in-the-open";
    let echo = (
        400,
        r#"{"error":"invalid_request","error_description":"{sent} {raw}"}"#,
    );
    let (http, _) = answering(&[echo, (503, "{sent} at PLANTED-in-url, in-the-open")]);
    macro_rules! build {
        ($builder:expr) => {
            $builder
                .parameter("org", "PLANTED-org")
                .parameter("authorization_details", r#"[{"type":"PLANTED"}]"#)
                .parameter("q", "north-by-northwest")
                .parameter("resource", "the-resource")
                .http_client(http.clone())
                .build()
                .unwrap()
        };
    }
    for auth in [
        build!(OAuth2::client_credentials(url, "the-id", "PLANTED-secret")),
        build!(OAuth2::refresh_token(url, "the-id", "PLANTED-refresh")),
        build!(OAuth2::saml_bearer(url, "PLANTED-saml")),
    ] {
        let shown = chain(&auth.token().await.unwrap_err());
        for secret in ["PLANTED", "north-by-northwest"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(
            shown.contains("the-resource") || shown.contains("in-the-open"),
            "{shown}"
        );
    }
}

/// A client that puts URLs into its errors, as many do.
#[tokio::test]
async fn an_error_of_the_client_shows_no_secret_of_the_request() {
    listen();
    let http = HttpClient::new(tower::service_fn(
        async |request: http::Request<tower_auth_oauth2::Body>| {
            let said = format!("cannot send {:?} to {}", request.headers(), request.uri());
            Err::<http::Response<http_body_util::Full<bytes::Bytes>>, _>(std::io::Error::other(
                said,
            ))
        },
    ));
    let url = "https://as.example/token?key=PLANTED-in-url";
    let auth = OAuth2::client_credentials(url, "the-id", "PLANTED-secret")
        .http_client(http)
        .build()
        .unwrap();
    let shown = chain(&auth.token().await.unwrap_err());
    assert!(shown.contains("cannot send"), "{shown}");
    assert!(!shown.contains("PLANTED"), "{shown}");
}

/// Over real connections, with everything that is traced below us.
#[cfg(feature = "client")]
#[tokio::test]
async fn nothing_secret_is_traced_on_a_connection() {
    listen();
    use tower::{Layer as _, ServiceExt as _};
    use tower_auth_core::{SchemeExt as _, replay::Cloned};

    let traced = Collect::default();
    let _guard = tracing::subscriber::set_default(traced.clone());
    let server = support::server::Server::default();
    let origin = server.start().await;
    let auth = OAuth2::client_credentials(format!("{origin}/token"), "the-id", "PLANTED-secret")
        .build()
        .unwrap();
    let http = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .build_http::<http_body_util::Full<bytes::Bytes>>();
    let client = auth.clone().replay(Cloned).layer(http);
    for _ in 0..2 {
        let request = http::Request::get(format!("{origin}/api")).body(Default::default());
        let response = client.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        server.revoke_all();
    }
    assert_eq!(server.token_requests().len(), 2);
    let traced = traced.0.lock().unwrap().clone();
    assert!(traced.contains("asking for a token"), "{traced}");
    for secret in ["PLANTED", "dGhlLWlkOlBMQU5U", "access-", "refresh-"] {
        assert!(!traced.contains(secret), "{secret} in {traced}");
    }
}
