//! No provider shows what it knows.

use crate::support::Machine;
use tower_auth_aws::{
    Credentials,
    credentials::{
        AssumeRole, CachedCredentials, Chain, Container, DefaultChain, Environment,
        InstanceMetadata, Process, Profile, ProvideCredentials, WebIdentity, provider_fn,
    },
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
        Box::new(AssumeRole::new(&context, key.clone(), "arn").with_external_id("id")),
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
