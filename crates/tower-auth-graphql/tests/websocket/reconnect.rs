//! Connections that are lost, and made again.

use crate::{failure, http, next, quick, scripted::server, value};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};
use tower_auth_core::clock::{Clock, ManualClock};
use tower_auth_graphql::{Client, CloseKind, ErrorKind, Event, WebSocket};
use tower_auth_token::{Demand, Failure, Fetched, Source, Token, TokenAuth};

const NEW: &str = "graphql-transport-ws";

/// Tokens with numbers.
#[derive(Clone, Default)]
struct Numbered(Arc<AtomicUsize>);

impl Source for Numbered {
    type Value = Token;

    async fn fetch(&self, _: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        let number = self.0.fetch_add(1, SeqCst) + 1;
        Ok(Fetched::new(Token::new(format!("token-{number}"))))
    }
}

#[tokio::test]
async fn a_token_that_expires_while_subscribed_is_renewed_and_the_subscription_goes_on() {
    // Each token is good for one connection: it is then closed with 4403. Stale ones are refused before they are
    // acknowledged, or at the next message, as servers like.
    for strict in [false, true] {
        let used = Arc::new(Mutex::new(Vec::<String>::new()));
        let seen = Arc::clone(&used);
        let endpoint = server(NEW, move |mut peer| {
            let seen = Arc::clone(&seen);
            async move {
                let token = peer.request.headers()["authorization"]
                    .to_str()
                    .unwrap()
                    .to_owned();
                let stale = seen.lock().unwrap().contains(&token);
                seen.lock().unwrap().push(token.clone());
                if stale && strict {
                    peer.receive().await;
                    return peer.close(4403).await;
                }
                peer.acknowledge().await;
                let Some((id, _)) = peer.operation().await else {
                    return;
                };
                for n in 0..3 {
                    peer.next(&id, json!({"token": token, "n": n})).await;
                }
                peer.close(4403).await;
            }
        })
        .await;
        let source = Numbered::default();
        let client = Client::builder(endpoint)
            .unwrap()
            .auth(TokenAuth::bearer(source.clone()))
            .unwrap();
        let client = client.build(http()).websocket(quick());
        let mut results = client
            .query("subscription { token n }")
            .subscribe()
            .await
            .unwrap();
        // No result twice within a connection, and none with a token that was refused.
        for (token, n) in [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)] {
            let value = value(&mut results).await;
            assert_eq!(
                value,
                json!({"token": format!("Bearer token-{token}"), "n": n})
            );
        }
    }
}

#[tokio::test]
async fn a_notice_says_that_results_may_be_missing_and_new_variables_go_on_from_there() {
    let endpoint = server(NEW, |mut peer| async move {
        peer.acknowledge().await;
        let (id, payload) = peer.operation().await.unwrap();
        let after = payload["variables"]["after"].as_i64().unwrap();
        peer.next(&id, json!({"n": after + 1})).await;
        if peer.number < 3 {
            return peer.close(1012).await;
        }
        peer.send(json!({"type": "complete", "id": id})).await;
        peer.closed().await;
    })
    .await;
    let last = Arc::new(Mutex::new(0));
    let cursor = Arc::clone(&last);
    let client = Client::builder(endpoint)
        .unwrap()
        .build(http())
        .websocket(quick());
    let mut results = client
        .query("subscription($after: Int!) { n(after: $after) }")
        .variables(json!({"after": 0}))
        .on_reconnect(move |_| Some(json!({"after": *cursor.lock().unwrap()})))
        .subscribe()
        .await
        .unwrap();
    let mut seen = Vec::new();
    while let Some(event) = results.next_event().await {
        match event.unwrap() {
            Event::Result(response) => {
                let n = response.decode::<Value>().unwrap().data.unwrap()["n"]
                    .as_i64()
                    .unwrap();
                *last.lock().unwrap() = n;
                seen.push(n);
            }
            Event::Reconnected(reconnected) => {
                assert_eq!(reconnected.closed.unwrap().code(), Some(1012));
                seen.push(-1);
            }
            _ => {}
        }
    }
    assert_eq!(seen, [1, -1, 2, -1, 3]);
}

#[tokio::test]
async fn a_mutation_is_never_sent_twice_unless_told() {
    for resend in [false, true] {
        let executed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&executed);
        let endpoint = server(NEW, move |mut peer| {
            let count = Arc::clone(&count);
            async move {
                peer.acknowledge().await;
                while let Some((id, payload)) = peer.operation().await {
                    if payload["query"].as_str().unwrap().starts_with("mutation") {
                        // It is done, and then the connection drops before anybody hears of it.
                        if count.fetch_add(1, SeqCst) == 0 {
                            return;
                        }
                    }
                    peer.next(&id, json!({"done": true})).await;
                }
            }
        })
        .await;
        let client = Client::builder(endpoint).unwrap().build(http());
        let client = client.websocket(quick().all_operations(true).danger_resend_mutations(resend));
        let kept = client
            .query("subscription { done }")
            .subscribe()
            .await
            .unwrap();
        let answer = client.query("mutation { done }").data::<Value>().await;
        if resend {
            assert_eq!(answer.unwrap(), json!({"done": true}));
            assert_eq!(executed.load(SeqCst), 2);
        } else {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Closed(CloseKind::Dropped));
            assert!(
                error.may_have_been_executed()
                    && error.to_string().contains("may have been executed")
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(executed.load(SeqCst), 1);
        }
        drop(kept);
    }
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again_and_one_that_does_not_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let serve = move |rounds: usize| async move {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(16).unwrap();
        for round in 0..rounds {
            let (stream, _) = listener.accept().await.unwrap();
            let mut peer = crate::scripted::accept_one(stream, round).await.unwrap();
            peer.acknowledge().await;
            let (id, _) = peer.operation().await.unwrap();
            peer.next(&id, json!({"round": round})).await;
        }
    };
    let first = tokio::spawn(serve(1));
    let client = Client::builder(format!("ws://{address}/"))
        .unwrap()
        .build(http());
    let client = client.websocket(quick().reconnect(8));
    let mut results = None;
    for _ in 0..100 {
        match client.query("subscription { round }").subscribe().await {
            Ok(begun) => {
                results = Some(begun);
                break;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    let mut results = results.unwrap();
    assert_eq!(value(&mut results).await, json!({"round": 0}));
    first.await.unwrap(); // killed
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = tokio::spawn(serve(1));
    assert_eq!(value(&mut results).await, json!({"round": 0}));
    second.await.unwrap();
    let error = failure(&mut results).await;
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn parameters_are_asked_for_again_with_what_happened() {
    let endpoint = server(NEW, |mut peer| async move {
        let init = peer.receive().await.unwrap();
        if init["payload"]["token"] == "old" {
            return peer.close(4403).await;
        }
        peer.send(json!({"type": "connection_ack"})).await;
        let Some((id, _)) = peer.operation().await else {
            return;
        };
        peer.next(&id, init["payload"].clone()).await;
        if peer.number < 4 {
            return peer.close(4401).await;
        }
        peer.closed().await;
    })
    .await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&asked);
    let options = quick().params_with(move |connecting| {
        note.lock().unwrap().push((
            connecting.refused,
            connecting.last.and_then(|closed| closed.code()),
        ));
        let token = if connecting.refused { "new" } else { "old" };
        async move { Ok::<_, std::io::Error>(Some(json!({"token": token}))) }
    });
    let client = Client::builder(endpoint)
        .unwrap()
        .build(http())
        .websocket(options);
    let mut results = client
        .query("subscription { token }")
        .subscribe()
        .await
        .unwrap();
    assert_eq!(value(&mut results).await, json!({"token": "new"}));
    assert_eq!(value(&mut results).await, json!({"token": "new"}));
    assert_eq!(
        *asked.lock().unwrap(),
        [(false, None), (true, Some(4403)), (true, Some(4401))]
    );
}

#[tokio::test]
async fn a_server_that_refuses_every_credential_is_not_asked_for_ever() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let endpoint = server(NEW, move |mut peer| {
        let count = Arc::clone(&count);
        async move {
            count.fetch_add(1, SeqCst);
            peer.acknowledge().await;
            peer.operation().await;
            peer.close(4403).await;
        }
    })
    .await;
    let client = Client::builder(endpoint)
        .unwrap()
        .auth(TokenAuth::bearer(Numbered::default()))
        .unwrap();
    let client = client.build(http()).websocket(quick());
    let mut results = client
        .query("subscription { a }")
        .subscribe()
        .await
        .unwrap();
    let error = failure(&mut results).await;
    assert_eq!(error.kind(), ErrorKind::Closed(CloseKind::Forbidden));
    assert_eq!(connections.load(SeqCst), 2);
}

/// A JWT that says when it expires, and nothing else.
fn jwt(expires: u64) -> String {
    use base64::Engine as _;
    let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.c2ln",
        encode("{}".to_owned()),
        encode(format!("{{\"exp\":{expires}}}"))
    )
}

#[tokio::test]
async fn a_connection_is_made_anew_before_its_token_expires() {
    let endpoint = server(NEW, |mut peer| async move {
        peer.acknowledge().await;
        let (id, _) = peer.operation().await.unwrap();
        peer.next(&id, json!({"connection": peer.number})).await;
        assert_eq!(peer.closed().await, Some(1000));
    })
    .await;
    let now = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
    let options = || {
        quick()
            .clock(Clock::new(now.clone()))
            .early_expiry(Duration::from_secs(30))
    };
    let token = tower_auth_core::Bearer::new(jwt(1_000_031)).unwrap();
    let client = Client::builder(endpoint.as_str())
        .unwrap()
        .auth(token)
        .unwrap();
    let client = client.build(http()).websocket(options());
    let mut results = client
        .query("subscription { connection }")
        .subscribe()
        .await
        .unwrap();
    let first = value(&mut results).await["connection"].as_i64().unwrap();
    let event = tokio::time::timeout(Duration::from_secs(10), results.next_event())
        .await
        .unwrap();
    match event.unwrap().unwrap() {
        Event::Reconnected(reconnected) => assert!(reconnected.closed.is_none()),
        other => panic!("{other:?}"),
    }
    assert_eq!(value(&mut results).await, json!({"connection": first + 1}));
    // By age, without a JWT.
    let client = Client::builder(endpoint).unwrap().build(http());
    let client = client.websocket(WebSocket::new().max_age(Duration::from_millis(100)));
    let mut results = client
        .query("subscription { connection }")
        .subscribe()
        .await
        .unwrap();
    let first = value(&mut results).await["connection"].as_i64().unwrap();
    assert_eq!(value(&mut results).await, json!({"connection": first + 1}));
    let _ = next;
}
