//! No provider shows what it knows.

use crate::support::{Answer, Machine, Server, text, told};
use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};
use tower_auth_aws::{
    Credentials,
    credentials::{
        AssumeRole, CachedCredentials, Chain, Container, DefaultChain, Environment,
        InstanceMetadata, Process, Profile, ProvideCredentials, WebIdentity, provider_fn,
    },
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

#[tokio::test]
async fn printing_a_provider_shows_no_secret() {
    let machine = Machine::new()
        .set("AWS_ACCESS_KEY_ID", "AKID")
        .set("AWS_SECRET_ACCESS_KEY", "hunter2")
        .set("AWS_SESSION_TOKEN", "hunter2")
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2")
        .set(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "http://localhost/hunter2",
        );
    let context = machine.context();
    let key = Credentials::new("AKID", "hunter2")
        .unwrap()
        .with_session_token("hunter2")
        .unwrap();
    let held = key.clone();
    let cached = CachedCredentials::new(key.clone());
    cached.get().await.unwrap();
    let environment = Environment::new(&context);
    environment.provide().await.unwrap();
    let providers: Vec<Box<dyn ProvideCredentials>> = vec![
        Box::new(environment),
        Box::new(Profile::new(&context)),
        Box::new(WebIdentity::new(&context)),
        Box::new(Container::new(&context)),
        Box::new(InstanceMetadata::new(&context)),
        Box::new(Process::new("vault --password hunter2")),
        Box::new(AssumeRole::new(&context, key.clone(), "arn").external_id("id")),
        Box::new(DefaultChain::new(&context)),
        Box::new(Chain::new().then(key.clone())),
        Box::new(provider_fn(move || {
            let held = held.clone();
            async move { Ok(held) }
        })),
        Box::new(cached),
        Box::new(key),
    ];
    let text = format!("{providers:?} {context:?}");
    assert!(
        text.contains("AWS_SECRET_ACCESS_KEY") && !text.contains("hunter2"),
        "{text}"
    );
}

/// Every event and span, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Repeats whatever it is sent, as an error and as an answer.
fn parrot(before: usize, seen: &crate::support::Seen) -> Answer {
    let said = format!("{:?} {} {}", seen.headers, seen.uri, seen.body).replace('"', "'");
    let json = format!(r#"{{"code":"{said}","message":"{said}"}}"#);
    let xml = format!(
        "<ErrorResponse><Error><Code>{said}</Code><Message>{said}</Message></Error></ErrorResponse>"
    );
    match before % 4 {
        0 => text(403, json),
        1 => text(403, xml.replace('&', "&amp;")),
        2 => text(200, json),
        _ => text(200, said),
    }
}

#[tokio::test]
async fn no_error_and_no_event_shows_a_secret() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let server = Server::start(parrot).await;
    let base = || {
        Machine::new()
            .set("AWS_ENDPOINT_URL", server.url())
            .set("AWS_EC2_METADATA_DISABLED", "true")
            .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2")
    };
    let config = |text: &str| base().file(".aws/config", text);
    let token = r#"{"accessToken":"hunter2","expiresAt":"2026-01-31T12:01:00Z","clientId":"c","clientSecret":"hunter2",
        "registrationExpiresAt":"2027-01-01T00:00:00Z","refreshToken":"hunter2"}"#;
    let web_identity = base().file("token", "hunter2");
    let path = web_identity.path("token");
    let machines = [
        base(),
        base().set("AWS_SECRET_ACCESS_KEY", "hunter2").set("AWS_ACCESS_KEY_ID", "AK ID"),
        config("[default]\naws_secret_access_key = hunter2"),
        config("[default]\naws_secret_access_key hunter2"),
        config("[default]\naws_access_key_id = A\naws_secret_access_key = hunter2\naws_session_token = hunter2\nrole_arn = r\nsource_profile = default"),
        config("[default]\ncredential_process = echo hunter2"),
        config("[default]\ncredential_process = echo hunter2 && exit 1"),
        config("[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n[sso-session corp]\nsso_region = r\nsso_start_url = u")
            .file(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", token),
        web_identity.set("AWS_WEB_IDENTITY_TOKEN_FILE", path).set("AWS_ROLE_ARN", "r"),
        base().set("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/hunter2", server.url())),
        base().set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/hunter2"),
    ];
    for machine in &machines {
        for _ in 0..4 {
            let error = DefaultChain::new(&machine.context())
                .provide()
                .await
                .unwrap_err();
            let text = told(&error);
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
    drop(guard);
    let log = log.0.lock().unwrap();
    assert!(log.contains("SSO token"), "something was recorded: {log}");
    assert!(!log.contains("hunter2"), "{log}");
    assert!(server.seen().len() > 16, "the parrot was asked");
}
