//! Two configurations share a stored token exactly when they send the same.

mod support;

use proptest::prelude::*;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, UNIX_EPOCH},
};
use support::answering;
use tower_auth_core::{AuthError, Clock, Secret, clock::ManualClock};
use tower_auth_oauth2::{ClientAuth, Grant, OAuth2, OAuth2Builder};
use tower_auth_token::store::{Store, StoreFuture, StoreLock, StoredToken};

/// Remembers under which key it was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Store for Asked {
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<StoredToken>> {
        self.0.lock().unwrap().push(key.to_owned());
        Box::pin(async { Ok(None) })
    }

    fn save<'a>(&'a self, _: &'a str, _: &'a StoredToken) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn remove<'a>(&'a self, _: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn lock<'a>(&'a self, _: &'a str) -> StoreFuture<'a, StoreLock> {
        Box::pin(async { Ok(StoreLock::new(())) })
    }
}

/// What is sent for the first token, and the key that it is stored under.
#[derive(Debug, PartialEq)]
struct Seen {
    wire: Vec<String>,
    key: String,
}

async fn seen<G: Grant>(builder: OAuth2Builder<G>) -> Seen {
    let (http, log) = answering(&[(200, r#"{"access_token":"a"}"#)]);
    let store = Asked::default();
    let hands = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let auth = builder
        .http_client(http)
        .clock(Clock::new(hands))
        .store(store.clone())
        .build()
        .unwrap();
    auth.token().await.unwrap();
    let wire = log.all().into_iter().map(|sent| {
        let headers = sent.headers.iter();
        let headers = headers.map(|(name, value)| format!("{name}: {:?}", value.as_bytes()));
        let headers = headers.collect::<Vec<_>>().join("\n");
        format!("{}\n{headers}\n{}", sent.uri, sent.body)
    });
    let key = store.0.lock().unwrap()[0].clone();
    Seen {
        wire: wire.collect(),
        key,
    }
}

/// Settings from few values, so that two of them are often alike.
#[derive(Clone, Debug)]
struct Settings {
    grant: u8,
    url: &'static str,
    client: (u8, &'static str, &'static str),
    scope: &'static str,
    parameters: Vec<(&'static str, &'static str)>,
    subject: &'static str,
    actor: Option<&'static str>,
    claim: Option<(&'static str, &'static str)>,
}

const WORDS: [&str; 3] = ["a", "b", "a=b&c"];

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&WORDS[..])
}

fn settings() -> impl Strategy<Value = Settings> {
    // Names that sound secret, and names that grants set.
    const NAMES: [&str; 9] = [
        "authorization_details",
        "org_code",
        "key_id",
        "token_format",
        "tenant",
        "scope",
        "client_id",
        "grant_type",
        "password",
    ];
    const URLS: [&str; 2] = ["https://as.example/a", "https://as.example/a?b=c"];
    let parameter = (prop::sample::select(&NAMES[..]), word());
    (
        0..6u8,
        prop::sample::select(&URLS[..]),
        (0..5u8, word(), word()),
        prop::sample::select(&["", "a", "a b"][..]),
        prop::collection::vec(parameter, 0..3),
        word(),
        prop::option::of(word()),
        prop::option::of((
            prop::sample::select(&["target_audience", "kid"][..]),
            word(),
        )),
    )
        .prop_map(
            |(grant, url, client, scope, parameters, subject, actor, claim)| Settings {
                grant,
                url,
                client,
                scope,
                parameters,
                subject,
                actor,
                claim,
            },
        )
}

impl Settings {
    fn auth(&self) -> ClientAuth {
        let (kind, id, secret) = self.client;
        match kind {
            0 => ClientAuth::basic(id, secret).unwrap(),
            1 => ClientAuth::basic_raw(id, secret).unwrap(),
            2 => ClientAuth::post(id, secret).unwrap(),
            3 => ClientAuth::public(id).unwrap(),
            _ => ClientAuth::anonymous(),
        }
    }

    fn with<G: Grant>(&self, mut builder: OAuth2Builder<G>) -> OAuth2Builder<G> {
        for (name, value) in &self.parameters {
            builder = builder.parameter(*name, *value);
        }
        builder.scope(self.scope)
    }

    #[cfg(feature = "jwt")]
    fn assertion(&self) -> tower_auth_oauth2::Assertion {
        use tower_auth_oauth2::{Algorithm, Assertion, SigningKey};
        let key = SigningKey::from_secret(Algorithm::Hs256, format!("{:032}", self.client.2));
        let assertion = Assertion::new(key.unwrap())
            .issuer(self.subject)
            .jwt_id("1");
        match self.claim {
            Some((name, value)) => assertion.claim(name, value).header(name, value),
            None => assertion,
        }
    }

    async fn seen(&self) -> Seen {
        let (url, auth, subject) = (self.url, self.auth(), self.subject);
        match self.grant {
            0 => seen(self.with(OAuth2::client_credentials_as(url, auth))).await,
            1 => {
                let builder = OAuth2::refresh_token(url, "x", subject).client_auth(auth);
                seen(self.with(builder)).await
            }
            2 => {
                let builder = OAuth2::saml_bearer(url, subject).client_auth(auth);
                seen(self.with(builder)).await
            }
            3 => {
                let mut builder = OAuth2::token_exchange(url, auth, subject);
                if let Some(actor) = self.actor {
                    builder = builder.actor_token(actor, "urn:x");
                }
                seen(self.with(builder)).await
            }
            #[cfg(feature = "jwt")]
            4 => {
                let mut builder = OAuth2::jwt_bearer(url, self.assertion()).client_auth(auth);
                if self.actor.is_some() {
                    builder = builder.scope_in_claims();
                }
                seen(self.with(builder)).await
            }
            #[cfg(feature = "password")]
            5 => {
                let builder =
                    OAuth2::password(url, subject, self.actor.unwrap_or("p")).client_auth(auth);
                seen(self.with(builder)).await
            }
            #[allow(unreachable_patterns)] // where all grants are there
            _ => seen(self.with(OAuth2::client_credentials_as(url, auth))).await,
        }
    }
}

/// Another that differs in one setting, or in none.
fn mutated() -> impl Strategy<Value = (Settings, Settings)> {
    (settings(), settings(), 0..9u8).prop_map(|(one, other, which)| {
        let mut next = one.clone();
        match which {
            0 => next.grant = other.grant,
            1 => next.url = other.url,
            2 => next.client = other.client,
            3 => next.scope = other.scope,
            4 => next.parameters = other.parameters,
            5 => next.parameters.reverse(),
            6 => next.subject = other.subject,
            7 => next.actor = other.actor,
            _ => next.claim = other.claim,
        }
        (one, next)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_configurations_share_a_key_exactly_when_they_send_the_same((one, other) in mutated()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (one, other) = runtime.block_on(async { (one.seen().await, other.seen().await) });
        prop_assert_eq!(one.wire == other.wire, one.key == other.key, "{:?} {:?}", one, other);
    }
}

const URL: &str = "https://as.example/token";

/// All different.
fn assert_distinct(keys: &[String]) {
    let distinct: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "{keys:?}");
}

#[tokio::test]
async fn the_values_of_parameters_that_sound_secret_tell_tokens_apart() {
    let mut keys = Vec::new();
    for name in [
        "authorization_details",
        "org_code",
        "key_id",
        "token_format",
        "tenant",
    ] {
        for value in ["a", "b"] {
            let builder = OAuth2::client_credentials(URL, "id", "s").parameter(name, value);
            keys.push(seen(builder).await.key);
        }
    }
    assert_distinct(&keys);
}

#[tokio::test]
async fn tokens_that_are_asked_for_are_told_apart_by_their_labels_only() {
    let exchange = |subject: Option<&str>, actor: Option<&str>| {
        let client = ClientAuth::public("id").unwrap();
        let mut builder = OAuth2::token_exchange(URL, client, "")
            .subject_token_from(async || Ok(Secret::from("fresh")))
            .actor_token_from("urn:x", async || Ok(Secret::from("fresh")));
        if let Some(label) = subject {
            builder = builder.subject_label(label);
        }
        if let Some(label) = actor {
            builder = builder.actor_label(label);
        }
        builder
    };
    let mut keys = Vec::new();
    for (subject, actor) in [("a", "b"), ("b", "a"), ("a", "a")] {
        keys.push(seen(exchange(Some(subject), Some(actor))).await.key);
    }
    assert_distinct(&keys);
    for (subject, actor) in [(None, None), (Some("a"), None), (None, Some("a"))] {
        let (http, _) = answering(&[(200, "")]);
        let builder = exchange(subject, actor).http_client(http);
        let error: AuthError = builder.store(Asked::default()).build().unwrap_err();
        assert_eq!(error.parameter(), Some("store_key"));
        assert!(error.to_string().contains("_token"), "{error}");
    }
}

#[tokio::test]
async fn where_a_token_is_found_and_where_it_goes_tell_tokens_apart() {
    let builder = || OAuth2::client_credentials(URL, "id", "s");
    let mut keys = vec![
        seen(builder()).await.key,
        seen(OAuth2::client_credentials_as(
            URL,
            ClientAuth::public("id").unwrap(),
        ))
        .await
        .key,
        seen(OAuth2::client_credentials_as(
            URL,
            ClientAuth::mutual_tls("id").unwrap(),
        ))
        .await
        .key,
    ];
    let (http, _) = answering(&[(200, r#"{"access_token":"a","id_token":"b"}"#)]);
    let store = Asked::default();
    let other = builder().http_client(http).store(store.clone());
    let in_query = other.token_in_query("t").build().unwrap();
    in_query.token().await.unwrap();
    let (http, _) = answering(&[(200, r#"{"access_token":"a","id_token":"b"}"#)]);
    let other = builder().http_client(http).store(store.clone());
    let id_token = other.token_field_name("id_token").build().unwrap();
    id_token.token().await.unwrap();
    keys.extend(store.0.lock().unwrap().iter().cloned());
    assert_distinct(&keys);
}

#[tokio::test]
async fn a_key_is_the_same_in_every_process() {
    let builder = OAuth2::client_credentials(URL, "id", "s").scope("a");
    assert_eq!(seen(builder).await.key, KEY);
}

/// Computed once: another one would lose every session that is stored.
const KEY: &str = "2c2610400046c2eaa4e2bd847cfc064aada36bec45dc1456cdf3722cc6e84604";

#[cfg(feature = "jwt")]
#[tokio::test]
async fn assertions_are_told_apart_by_every_claim_and_by_who_signs_and_not_by_the_moment() {
    use tower_auth_oauth2::{Algorithm, Assertion, SigningKey};

    let ec = |id: &str| {
        let key = SigningKey::generate(Algorithm::Es256);
        key.unwrap().with_key_id(id)
    };
    let key = ec("1");
    let assertion = || Assertion::new(key.clone()).issuer("i");
    let all = [
        assertion(),
        assertion().claim("target_audience", "a"),
        assertion().claim("target_audience", "b"),
        assertion().subject("s"),
        assertion().audience("x"),
        assertion().audience("x").audience("y"),
        assertion().lifetime(Duration::from_secs(60)),
        assertion().without_jwt_id(),
        assertion().jwt_id("1"),
        assertion().header("x5t", "a"),
        Assertion::new(ec("1")).issuer("i"),
        Assertion::new(key.clone().with_key_id("2")).issuer("i"),
    ];
    let mut keys = Vec::new();
    for assertion in &all {
        let bearer = || OAuth2::jwt_bearer(URL, assertion.clone());
        let client = || {
            let auth = ClientAuth::assertion("id", assertion.clone()).unwrap();
            OAuth2::client_credentials_as(URL, auth)
        };
        keys.push(seen(bearer()).await.key);
        // Fresh ids and signatures are others every time.
        assert_eq!(seen(bearer()).await.key, keys[keys.len() - 1]);
        assert_eq!(seen(client()).await.key, seen(client()).await.key);
    }
    assert_distinct(&keys);
}
