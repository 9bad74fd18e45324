//! No secret shows in what is printed.

mod support;

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
};
use support::{Body, echo, get};
use tower::{Layer, ServiceExt, service_fn};
use tower_auth_core::{
    AuthLayer, Authorize as _, Basic, Bearer, BoxScheme, HeaderApiKey, Layered, QueryApiKey,
    RequestAuth, Scheme, SchemeExt, Schemes, Secret, Step,
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// `Basic` sends it in base64, so both forms are looked for.
const SECRET: &str = "pl4nted-s3cret";
const IN_BASE64: [&str; 3] = [
    "cGw0bnRlZC1zM2NyZXQ",
    "BsNG50ZWQtczNjcmV0",
    "wbDRudGVkLXMzY3JldA",
];

fn assert_no_secret(text: &str) {
    for secret in IN_BASE64.into_iter().chain([SECRET]) {
        assert!(!text.contains(secret), "{text}");
    }
}

fn check(value: &impl Debug) {
    assert_no_secret(&format!("{value:?} {value:#?}"));
}

fn basic() -> Basic {
    Basic::new("user", SECRET).unwrap()
}

fn key() -> HeaderApiKey {
    HeaderApiKey::new(SECRET).unwrap()
}

fn query() -> QueryApiKey {
    QueryApiKey::new(SECRET).unwrap()
}

#[test]
fn the_forms_in_base64_are_right() {
    use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
    for (padding, form) in ["", "a", "ab"].into_iter().zip(IN_BASE64) {
        let encoded = STANDARD_NO_PAD.encode(format!("{padding}{SECRET}"));
        assert!(encoded.contains(form), "{encoded} {form}");
    }
}

#[tokio::test]
async fn no_public_type_prints_a_secret() {
    check(&Secret::from(SECRET));
    check(&tower_auth_core::sensitive_header("key", SECRET.as_bytes().to_vec()).unwrap());
    check(&basic());
    check(&Basic::for_client(SECRET, SECRET).unwrap());
    check(&key());
    check(&query());
    check(&Bearer::new(SECRET).unwrap());
    check(&Bearer::with_template(SECRET, "Token {token}").unwrap());
    check(&Bearer::in_header(SECRET, "x-token", "{token}").unwrap());
    check(&Bearer::in_query(SECRET, "token").unwrap());
    check(&(basic() + key() + query()));
    check(&Some(basic()));
    check(&basic().keep_existing());
    check(&Layered(basic()));
    check(&AuthLayer::new(basic()));
    check(&basic().only_to("https://h").unwrap());
    check(&RequestAuth::new(basic() + key()));
    check(&BoxScheme::<Body>::new(basic()));
    let schemes = Schemes::<Body>::new([BoxScheme::new(basic()), BoxScheme::new(query())]).unwrap();
    check(&schemes);
    check(&schemes.replay(tower_auth_core::replay::Cloned));

    let sum = basic() + key() + query();
    check(&sum.layer(()));
    check(&support::Numbered::default().layer(()));
    let mut request = get("https://h/");
    let credentials = match (basic() + key()).acquire((&request).into(), None) {
        Step::Ready(credentials) => credentials,
        Step::Wait(_) => unreachable!("fixed credentials are at hand"),
    };
    (basic() + key())
        .authorize(credentials, &mut request)
        .unwrap();
    assert!(request.headers().contains_key("authorization"));
    check(&request);
}

#[test]
fn no_error_shows_a_secret() {
    let bad = format!("{SECRET}\n");
    for error in [
        Basic::new(&bad, SECRET).unwrap_err(),
        Basic::new("user", &bad).unwrap_err(),
        HeaderApiKey::new(&bad).unwrap_err(),
        HeaderApiKey::new("k")
            .unwrap()
            .in_header(bad.as_str())
            .unwrap_err(),
        QueryApiKey::new(&bad).unwrap_err(),
        QueryApiKey::new("k")
            .unwrap()
            .in_parameter(&bad)
            .unwrap_err(),
        Bearer::new(&bad).unwrap_err(),
        Bearer::with_template(SECRET, &bad).unwrap_err(),
        Bearer::in_query(&bad, "token").unwrap_err(),
        basic().only_to(bad.as_str()).unwrap_err(),
        basic()
            .only_to(format!("https://user:{SECRET}@h"))
            .unwrap_err(),
        basic()
            .only_to(format!("https://h/?key={SECRET}"))
            .unwrap_err(),
    ] {
        let mut text = format!("{error} {error:?} {error:#?}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            write!(text, " {cause} {cause:?}").unwrap();
            source = cause.source();
        }
        assert_no_secret(&text);
    }
}

#[tokio::test]
async fn no_secret_reaches_tracing_at_any_level() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let service = (basic() + key() + query())
        .only_to("https://h")
        .unwrap()
        .layer(service_fn(echo::<Body>));
    for uri in ["https://h/", "https://other/", "/nowhere"] {
        let _ = service.clone().oneshot(get(uri)).await;
    }
    let numbered = support::Numbered::default();
    numbered.revoke(1);
    let service = (numbered.clone() + query())
        .replay(tower_auth_core::replay::Cloned)
        .layer(numbered.server());
    service.oneshot(get("https://h/")).await.unwrap();
    drop(guard);
    let log = log.0.lock().unwrap();
    assert!(log.contains("passes without credentials"), "{log}");
    assert!(log.contains("trying once more"), "{log}");
    assert_no_secret(&log);
}

/// Writes down every event of every level.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<String>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut Fields(&self.0));
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Fields(&self.0));
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields(&self.0));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Fields<'a>(&'a Mutex<String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}
