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
use tower_auth_oauth2::{ClientAuth, OAuth2};
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

#[tokio::test]
async fn planted_secrets_are_found_nowhere() {
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
    ] {
        let (http, _) = answering(&answers);
        let hands = ManualClock::at(std::time::UNIX_EPOCH);
        let clock = Clock::new(hands.clone());
        let basic = ClientAuth::basic("the-id", "PLANTED-secret").unwrap();
        let post = ClientAuth::post("the-id", "PLANTED-secret").unwrap();
        let cc = OAuth2::client_credentials_as(url, basic.clone())
            .parameter("api_key", "PLANTED-secret");
        let refresh =
            OAuth2::refresh_token(url, "the-id", "PLANTED-refresh").client_auth(post.clone());
        let exchange = OAuth2::token_exchange(url, basic, "PLANTED-subject");
        let saml = OAuth2::saml_bearer(url, "PLANTED-saml");
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
        #[cfg(feature = "password")]
        schemes.push(
            OAuth2::password(url, "the-user", "PLANTED-user-password")
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
