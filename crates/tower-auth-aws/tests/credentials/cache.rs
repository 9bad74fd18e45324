//! The cache in front of a provider.

use crate::support::{Machine, Server, noon, text};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tower_auth_aws::{
    Credentials,
    credentials::{
        AssumeRole, CachedCredentials, Container, CredentialsError, CredentialsErrorKind,
        provider_fn,
    },
};
use tower_auth_core::{
    ErrorKind, Step,
    clock::{Clock, ManualClock},
};

#[tokio::test]
async fn a_thousand_requests_at_once_cost_one_fetch() {
    let server = Server::start(|_, _| {
        text(
            200,
            r#"{"AccessKeyId":"ASIAECS","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-31T13:00:00Z"}"#,
        )
    })
    .await;
    let machine = Machine::new().set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url());
    let cache = CachedCredentials::builder(Container::new(&machine.context()))
        .clock(Clock::new(machine.hands.clone()))
        .refresh_ahead(Duration::ZERO)
        .build();
    let cached = CachedCredentials::from_cache(cache);
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let cached = cached.clone();
            tokio::spawn(async move { cached.get().await.unwrap().access_key_id().to_owned() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "ASIAECS");
    }
    assert_eq!(server.seen().len(), 1);

    // Usable until thirty seconds before the end that the agent gave.
    machine.hands.advance(Duration::from_secs(3600 - 30));
    assert!(matches!(cached.acquire(), Step::Ready(_)));
    machine.hands.advance(Duration::from_secs(1));
    assert!(matches!(cached.acquire(), Step::Wait(_)));
}

#[tokio::test]
async fn credentials_are_renewed_while_the_old_ones_are_still_good() {
    let hands = ManualClock::at(noon());
    let fetches = Arc::new(AtomicUsize::new(0));
    let (clock, count) = (Clock::new(hands.clone()), Arc::clone(&fetches));
    let provider = provider_fn(move || {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let end = clock.now() + Duration::from_secs(3600);
        async move { Ok(Credentials::new(format!("A{number}"), "s")?.with_expires_at(end)) }
    });
    let cache = CachedCredentials::builder(provider)
        .clock(Clock::new(hands.clone()))
        .build();
    let cached = CachedCredentials::from_cache(cache);
    assert_eq!(cached.get().await.unwrap().access_key_id(), "A0");
    hands.advance(Duration::from_secs(3600 - 60));
    let Step::Ready(old) = cached.acquire() else {
        panic!("the old credentials are still good")
    };
    assert_eq!(old.access_key_id(), "A0");
    while fetches.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    assert_eq!(cached.get().await.unwrap().access_key_id(), "A1");
}

#[tokio::test]
async fn a_failure_is_told_with_its_provider_and_not_repeated_at_once() {
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    let cached = CachedCredentials::new(provider_fn(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async {
            Err(CredentialsError::new(
                CredentialsErrorKind::Refused,
                "vault",
                "sealed",
            ))
        }
    }));
    for _ in 0..10 {
        let error = cached.get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let source = std::error::Error::source(&error).unwrap();
        let source = source.downcast_ref::<CredentialsError>().unwrap();
        assert_eq!(source.kind(), CredentialsErrorKind::Refused);
        assert_eq!(source.to_string(), "vault: sealed");
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn credentials_that_have_expired_are_not_used() {
    let key = Credentials::new("A", "s").unwrap().with_expires_at(noon());
    let clock = Clock::new(ManualClock::at(noon()));
    let cache = CachedCredentials::builder(key).clock(clock).build();
    let error = CachedCredentials::from_cache(cache)
        .get()
        .await
        .unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<CredentialsError>().unwrap();
    assert_eq!(source.kind(), CredentialsErrorKind::Expired);
}

#[tokio::test]
async fn one_cache_may_stand_before_several_roles() {
    let server = Server::start(crate::sts::good).await;
    let machine = Machine::new().set("AWS_ENDPOINT_URL_STS", server.url());
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    let source = CachedCredentials::new(provider_fn(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(Credentials::new("AKIDSOURCE", "s")?) }
    }));
    for (role, id) in [("one", "ASIAONE"), ("two", "ASIATWO")] {
        let arn = format!("arn:aws:iam::1:role/{role}");
        let role = AssumeRole::new(&machine.context(), source.clone(), arn);
        let clock = Clock::new(machine.hands.clone());
        let role =
            CachedCredentials::from_cache(CachedCredentials::builder(role).clock(clock).build());
        assert_eq!(role.get().await.unwrap().access_key_id(), id);
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}
