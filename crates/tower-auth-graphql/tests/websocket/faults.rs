//! Servers that misbehave: every stream ends, or goes on, in its time.

use crate::{
    failure, http, next, quick,
    scripted::{Peer, server},
    value,
};
use serde_json::json;
use std::time::Duration;
use tower_auth_graphql::{
    AuthFailure, Client, CloseKind, Error, ErrorKind, Limit, Subscription, Timeout, WebSocket,
};

const NEW: &str = "graphql-transport-ws";

async fn subscribe(endpoint: &str, options: WebSocket) -> Result<Subscription, Error> {
    let client = Client::builder(endpoint)
        .unwrap()
        .build(http())
        .websocket(options);
    let begun = client.query("subscription { a }").subscribe();
    tokio::time::timeout(Duration::from_secs(10), begun)
        .await
        .expect("it hangs")
}

/// What becomes of a subscription whose server does this after the first result.
async fn after_a_result<F, R>(options: WebSocket, then: F) -> Error
where
    F: Fn(Peer, String) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let endpoint = server(NEW, move |mut peer| {
        let then = then.clone();
        async move {
            peer.acknowledge().await;
            let Some((id, _)) = peer.operation().await else {
                return;
            };
            peer.next(&id, json!({"a": 1})).await;
            then(peer, id).await;
        }
    })
    .await;
    let mut results = subscribe(&endpoint, options).await.unwrap();
    assert_eq!(value(&mut results).await, json!({"a": 1}));
    failure(&mut results).await
}

fn once() -> WebSocket {
    quick().reconnect(0)
}

#[tokio::test]
async fn a_garbage_frame_ends_the_connection_and_every_stream_of_it() {
    for garbage in [
        "nonsense",
        "[]",
        r#"{"type":"what"}"#,
        r#"{"type":"connection_ack"}"#,
        r#"{"type":"next","id":"1"}"#,
    ] {
        let (sender, closed) = tokio::sync::oneshot::channel();
        let sender = std::sync::Arc::new(std::sync::Mutex::new(Some(sender)));
        let error = after_a_result(quick(), move |mut peer, _| {
            let sender = sender.lock().unwrap().take();
            async move {
                peer.text(garbage).await;
                let code = peer.closed().await;
                if let Some(sender) = sender {
                    let _ = sender.send(code);
                }
            }
        })
        .await;
        assert_eq!(error.kind(), ErrorKind::Protocol, "{garbage}: {error:?}");
        assert_eq!(closed.await.unwrap(), Some(4004), "{garbage}");
    }
}

#[tokio::test]
async fn an_oversized_message_is_a_limit() {
    let error = after_a_result(
        quick().max_message_size(10_000),
        |mut peer, id| async move {
            peer.next(&id, json!({"a": "x".repeat(20_000)})).await;
            peer.closed().await;
        },
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::Limit(Limit::PartSize), "{error:?}");
}

#[tokio::test]
async fn a_binary_message_is_an_error() {
    use futures_util::SinkExt as _;
    use tokio_tungstenite::tungstenite::Message;
    let error = after_a_result(quick(), |mut peer, _| async move {
        peer.stream.send(Message::binary(vec![1])).await.unwrap();
        peer.closed().await;
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn messages_for_unknown_names_are_passed_over() {
    let endpoint = server(NEW, |mut peer| async move {
        peer.acknowledge().await;
        let (id, _) = peer.operation().await.unwrap();
        for unknown in ["9", "x", ""] {
            peer.next(unknown, json!({"a": 0})).await;
            peer.send(json!({"type": "error", "id": unknown, "payload": [{"message": "m"}]}))
                .await;
            peer.send(json!({"type": "complete", "id": unknown})).await;
        }
        peer.next(&id, json!({"a": 1})).await;
        peer.send(json!({"type": "complete", "id": id})).await;
        peer.closed().await;
    })
    .await;
    let mut results = subscribe(&endpoint, once()).await.unwrap();
    assert_eq!(value(&mut results).await, json!({"a": 1}));
    assert!(next(&mut results).await.is_none());
}

#[tokio::test]
async fn a_dropped_connection_is_noticed_at_once() {
    let error = after_a_result(once(), |peer, _| async move { drop(peer) }).await;
    assert_eq!(error.kind(), ErrorKind::Closed(CloseKind::Dropped));
    // With a TCP reset: unread bytes, and no time to linger.
    let error = after_a_result(once(), |peer, _| async move {
        let stream = peer.stream.into_inner();
        #[allow(deprecated)] // there is no other word for it
        stream.set_linger(Some(Duration::ZERO)).unwrap();
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Closed(CloseKind::Dropped));
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_half_open_connection_is_found_by_a_ping() {
    let options = || {
        once()
            .ping_interval(Duration::from_millis(50))
            .pong_timeout(Duration::from_millis(200))
    };
    // It is there, but nobody is at home.
    let error = after_a_result(options(), |peer, _| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(peer);
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Timeout(Timeout::Pong));

    // Somebody who answers is left alone, whatever else is silent; pings are answered with what they say.
    let endpoint = server(NEW, |mut peer| async move {
        peer.acknowledge().await;
        let (id, _) = peer.operation().await.unwrap();
        peer.send(json!({"type": "ping", "payload": {"n": [1]}}))
            .await;
        let (mut echoed, mut pings) = (false, 0);
        while pings < 5 {
            let message = peer.receive().await.unwrap();
            match message["type"].as_str().unwrap() {
                "pong" => echoed = message["payload"] == json!({"n": [1]}),
                "ping" => {
                    pings += 1;
                    peer.send(json!({"type": "pong"})).await;
                }
                other => panic!("{other}"),
            }
        }
        peer.next(&id, json!({"echoed": echoed})).await;
        peer.closed().await;
    })
    .await;
    let mut results = subscribe(&endpoint, options()).await.unwrap();
    assert_eq!(value(&mut results).await, json!({"echoed": true}));
}

#[tokio::test]
async fn with_the_older_protocol_signs_of_life_are_due_once_they_were_given() {
    let endpoint = server("graphql-ws", |mut peer| async move {
        peer.send(json!({"type": "ka"})).await;
        peer.acknowledge().await;
        let (id, _) = peer.operation().await.unwrap();
        for n in 0..3 {
            peer.send(json!({"type": "ka"})).await;
            peer.send(json!({"type": "data", "id": id, "payload": {"data": {"a": n}}}))
                .await;
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let options = once()
        .subprotocols([tower_auth_graphql::Subprotocol::Legacy])
        .keep_alive_timeout(Duration::from_millis(200));
    let mut results = subscribe(&endpoint, options).await.unwrap();
    for n in 0..3 {
        assert_eq!(value(&mut results).await, json!({"a": n}));
    }
    assert_eq!(
        failure(&mut results).await.kind(),
        ErrorKind::Timeout(Timeout::Pong)
    );
}

#[tokio::test]
async fn an_acknowledgement_may_be_late_but_not_missing() {
    let late = server(NEW, |mut peer| async move {
        peer.receive().await;
        peer.send(json!({"type": "ping"})).await;
        assert_eq!(peer.receive().await.unwrap()["type"], "pong");
        tokio::time::sleep(Duration::from_millis(100)).await;
        peer.send(json!({"type": "connection_ack", "payload": {"x": 1}}))
            .await;
        peer.closed().await;
    })
    .await;
    subscribe(&late, once()).await.unwrap();
    let missing = server(NEW, |mut peer| async move {
        peer.receive().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let error = subscribe(&missing, once().ack_timeout(Duration::from_millis(100)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(Timeout::Acknowledgement));
}

#[tokio::test]
async fn whatever_ends_a_connection_before_its_acknowledgement_is_a_refusal() {
    for code in [4403, 4401, 1002, 1000, 1008] {
        let endpoint = server(NEW, move |mut peer| async move {
            peer.receive().await;
            peer.close(code).await;
        })
        .await;
        let error = subscribe(&endpoint, once()).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Auth(AuthFailure::Refused),
            "{code}"
        );
        assert_eq!(error.closed().unwrap().code(), Some(code));
        assert_eq!(error.closed().unwrap().reason(), "why");
    }
    let endpoint = server(NEW, move |mut peer| async move {
        peer.receive().await;
        peer.send(json!({"type": "connection_error", "payload": {"message": "invalid"}}))
            .await;
        peer.closed().await;
    })
    .await;
    let error = subscribe(&endpoint, once()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
    for (code, kind) in [
        (4400, CloseKind::InvalidMessage),
        (4406, CloseKind::SubprotocolNotAcceptable),
        (4408, CloseKind::InitialisationTimeout),
        (4429, CloseKind::TooManyInitialisations),
    ] {
        let endpoint = server(NEW, move |mut peer| async move {
            peer.receive().await;
            peer.close(code).await;
        })
        .await;
        assert_eq!(
            subscribe(&endpoint, once()).await.unwrap_err().kind(),
            ErrorKind::Closed(kind)
        );
    }
}

#[tokio::test]
async fn close_codes_are_told_apart_and_those_that_are_final_are_final() {
    for (code, kind) in [
        (4400, CloseKind::InvalidMessage),
        (4409, CloseKind::SubscriberExists),
        (4429, CloseKind::TooManyInitialisations),
        (4500, CloseKind::Internal),
        (4999, CloseKind::Other),
        (1008, CloseKind::Other),
    ] {
        // Connections are made again, but not after these.
        let error = after_a_result(
            quick(),
            move |mut peer, _| async move { peer.close(code).await },
        )
        .await;
        assert_eq!(error.kind(), ErrorKind::Closed(kind), "{code}");
        assert_eq!(error.closed().unwrap().code(), Some(code));
        assert!(!error.to_string().contains("why"));
    }
}

#[tokio::test]
async fn a_subscription_that_is_refused_has_its_errors() {
    for (protocol, payload) in [
        (NEW, json!([{"message": "no"}])),
        ("graphql-ws", json!({"message": "no"})),
    ] {
        let endpoint = server(protocol, move |mut peer| {
            let payload = payload.clone();
            async move {
                peer.acknowledge().await;
                let (id, _) = peer.operation().await.unwrap();
                peer.send(json!({"type": "error", "id": id, "payload": payload}))
                    .await;
                peer.closed().await;
            }
        })
        .await;
        use tower_auth_graphql::Subprotocol::{Legacy, TransportWs};
        let mut results = subscribe(&endpoint, once().subprotocols([TransportWs, Legacy]))
            .await
            .unwrap();
        assert_eq!(
            next(&mut results).await.unwrap().unwrap().errors[0].message,
            "no"
        );
        assert!(next(&mut results).await.is_none());
    }
}

#[tokio::test]
async fn a_server_that_picks_no_subprotocol_or_another_one_is_not_believed() {
    for picked in ["", "graphql-ws", "soap"] {
        let endpoint = server(picked, |mut peer| async move {
            peer.closed().await;
        })
        .await;
        assert_eq!(
            subscribe(&endpoint, once()).await.unwrap_err().kind(),
            ErrorKind::Protocol,
            "{picked}"
        );
    }
}

#[tokio::test]
async fn a_server_that_does_not_switch_is_told_from_one_that_does() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let right =
        |key: &str| tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    type Answer = fn(&str) -> String;
    let answers: [(Answer, ErrorKind); 5] = [
        (
            |_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_owned(),
            ErrorKind::Transport,
        ),
        (
            |_| "HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n".to_owned(),
            ErrorKind::Auth(AuthFailure::Forbidden),
        ),
        (
            |_| {
                "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: d3Jvbmc=\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".to_owned()
            },
            ErrorKind::Protocol,
        ),
        (
            |accept| {
                format!(
                    "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
                )
            },
            ErrorKind::Protocol,
        ),
        (
            |accept| {
                format!(
                    "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
                )
            },
            ErrorKind::Protocol,
        ),
    ];
    for (answer, kind) in answers {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let header = |name: &str| {
                let mut lines = request.lines().filter_map(|line| line.split_once(": "));
                let line = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
                line.unwrap().1.to_owned()
            };
            assert_eq!(header("upgrade"), "websocket");
            assert_eq!(header("sec-websocket-version"), "13");
            let accept = right(&header("sec-websocket-key"));
            stream.write_all(answer(&accept).as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(5)).await;
        });
        let error = subscribe(&endpoint, once()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
    }
}

#[test]
fn a_runtime_that_is_shut_down_ends_its_streams() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    };
    let one = runtime();
    let (mut results, client) = one.block_on(async {
        let endpoint = server(NEW, |mut peer| async move {
            peer.acknowledge().await;
            peer.closed().await;
        })
        .await;
        let client = Client::builder(endpoint.as_str())
            .unwrap()
            .build(http())
            .websocket(quick());
        (
            client
                .query("subscription { a }")
                .subscribe()
                .await
                .unwrap(),
            client,
        )
    });
    one.shutdown_timeout(Duration::from_secs(5));
    runtime().block_on(async {
        assert_eq!(failure(&mut results).await.kind(), ErrorKind::Transport);
        // The client is still good for something: an error, and no hanging.
        let again = tokio::time::timeout(
            Duration::from_secs(10),
            client.query("subscription { a }").subscribe(),
        );
        assert!(again.await.expect("it hangs").is_err());
    });
}

#[tokio::test]
async fn an_operation_that_is_too_large_to_send_costs_only_itself() {
    let endpoint = server(NEW, |mut peer| async move {
        peer.acknowledge().await;
        let (id, _) = peer.operation().await.unwrap();
        peer.next(&id, json!({"a": 1})).await;
        let (second, payload) = peer.operation().await.unwrap();
        let length = payload["variables"]["x"].as_str().unwrap().len();
        peer.next(&second, json!({"length": length})).await;
        peer.next(&id, json!({"a": 2})).await;
        peer.closed().await;
    })
    .await;
    let client = Client::builder(endpoint)
        .unwrap()
        .build(http())
        .websocket(once().max_write_buffer(200_000));
    let mut results = client
        .query("subscription { a }")
        .subscribe()
        .await
        .unwrap();
    assert_eq!(value(&mut results).await, json!({"a": 1}));
    let send = async |length: usize| {
        let call = client.query("subscription($x: String) { length(of: $x) }");
        call.variables(json!({"x": "x".repeat(length)}))
            .subscribe()
            .await
    };
    let error = send(200_000).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit(Limit::Buffer));
    assert!(!error.may_have_been_executed());
    let mut other = send(199_000).await.unwrap();
    assert_eq!(value(&mut other).await, json!({"length": 199_000}));
    assert_eq!(value(&mut results).await, json!({"a": 2}));
}

#[tokio::test]
async fn results_that_wait_are_bounded_in_bytes_too() {
    let endpoint = server(NEW, |mut peer| async move {
        peer.acknowledge().await;
        let (silent, _) = peer.operation().await.unwrap();
        let (id, _) = peer.operation().await.unwrap();
        for _ in 0..3 {
            peer.next(&silent, json!({"a": "x".repeat(50_000)})).await;
        }
        peer.next(&id, json!({"a": 1})).await;
        peer.closed().await;
    })
    .await;
    let client = Client::builder(endpoint)
        .unwrap()
        .build(http())
        .websocket(once().buffered_bytes(110_000));
    let ask = "subscription { a }";
    let mut silent = client.query(ask).subscribe().await.unwrap();
    let mut other = client.query(ask).subscribe().await.unwrap();
    assert_eq!(value(&mut other).await, json!({"a": 1}));
    let error = failure(&mut silent).await;
    assert_eq!(error.kind(), ErrorKind::Limit(Limit::Buffer));
}

#[tokio::test]
async fn a_goodbye_is_heard_although_the_server_was_still_sending() {
    let (sender, closed) = tokio::sync::oneshot::channel();
    let sender = std::sync::Arc::new(std::sync::Mutex::new(Some(sender)));
    let endpoint = server(NEW, move |mut peer| {
        let sender = sender.lock().unwrap().take();
        async move {
            peer.acknowledge().await;
            let (id, _) = peer.operation().await.unwrap();
            // More than is read before the client parts.
            for n in 0..2000 {
                peer.next(&id, json!({"a": n, "b": "x".repeat(1000)})).await;
            }
            let code = peer.closed().await;
            if let Some(sender) = sender {
                let _ = sender.send(code);
            }
        }
    })
    .await;
    let options = once().linger(Duration::ZERO);
    let mut results = subscribe(&endpoint, options).await.unwrap();
    value(&mut results).await;
    drop(results);
    let code = tokio::time::timeout(Duration::from_secs(10), closed);
    assert_eq!(code.await.expect("it hangs").unwrap(), Some(1000));
}

#[tokio::test]
async fn connection_parameters_do_not_follow_a_redirect_to_another_origin() {
    use std::sync::{Arc, Mutex};
    use tower_auth_graphql::GraphQlService;
    use tower_http::follow_redirect::{FollowRedirectLayer, policy};
    use tower_layer::Layer as _;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    let thief = server(NEW, move |mut peer| {
        let note = Arc::clone(&note);
        async move {
            note.lock()
                .unwrap()
                .push(peer.request.headers().contains_key("authorization"));
            let parameters = peer.acknowledge().await;
            let (id, _) = peer.operation().await.unwrap();
            peer.next(&id, json!({"parameters": parameters})).await;
            peer.closed().await;
        }
    })
    .await;
    let to = thief.replace("ws://", "http://");
    let app = axum::Router::new().route(
        "/graphql",
        axum::routing::get(async move || axum::response::Redirect::temporary(&to)),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("ws://{}/graphql", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let client = |options: WebSocket| {
        // Schemes stand below what follows redirects, and judge every hop.
        let scheme = tower_auth_core::Bearer::new("t").unwrap();
        let scheme = tower_auth_core::SchemeExt::only_to(
            scheme,
            endpoint.replace("ws:", "http:").replace("/graphql", ""),
        );
        let stack = scheme.unwrap().layer(GraphQlService::new(http()));
        // By itself that layer drops extensions on the way to another origin; with this policy it carries all on.
        let stack = FollowRedirectLayer::with_policy(policy::Limited::new(1)).layer(stack);
        Client::over(endpoint.as_str(), stack)
            .unwrap()
            .websocket(options)
    };
    let secret = || json!({"password": "planted"});
    for options in [
        once().params(secret()).unwrap(),
        once().params_with(move |_| async move { Ok::<_, std::io::Error>(Some(secret())) }),
    ] {
        let begun = client(options);
        let begun = begun.query("subscription { parameters }").subscribe();
        let error = tokio::time::timeout(Duration::from_secs(10), begun)
            .await
            .expect("it hangs")
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{error:?}");
        assert!(error.to_string().contains("another origin"), "{error}");
    }
    // Without any, or with those of headers that did not come along, it may be followed.
    let options = once().params_from_headers([http::header::AUTHORIZATION]);
    let client = client(options);
    let mut results = client
        .query("subscription { parameters }")
        .subscribe()
        .await
        .unwrap();
    assert_eq!(
        value(&mut results).await,
        json!({"parameters": {"headers": {}}})
    );
    assert!(seen.lock().unwrap().iter().all(|authorized| !authorized));
}

#[tokio::test]
async fn who_unsubscribes_knows_whether_the_server_was_told() {
    let told = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let note = std::sync::Arc::clone(&told);
    let endpoint = server(NEW, move |mut peer| {
        let note = std::sync::Arc::clone(&note);
        async move {
            peer.acknowledge().await;
            let (id, _) = peer.operation().await.unwrap();
            let message = peer.receive().await.unwrap();
            assert_eq!(message, json!({"type": "complete", "id": id}));
            note.store(true, std::sync::atomic::Ordering::SeqCst);
            // The next one is lost with the connection.
            peer.operation().await.unwrap();
        }
    })
    .await;
    let client = Client::builder(endpoint)
        .unwrap()
        .build(http())
        .websocket(once());
    let begin = async || {
        let begun = client.query("subscription { a }").subscribe();
        begun.await.unwrap()
    };
    begin().await.unsubscribe().await.unwrap();
    let mut second = begin().await;
    // By now the first goodbye has been read, as it was sent before.
    let error = failure(&mut second).await;
    assert_eq!(error.kind(), ErrorKind::Closed(CloseKind::Dropped));
    assert!(told.load(std::sync::atomic::Ordering::SeqCst));
    // It is over already: there is nobody to be told.
    second.unsubscribe().await.unwrap();
}

#[tokio::test]
async fn with_the_older_protocol_an_error_after_the_acknowledgement_is_not_the_end_of_the_connection()
 {
    let endpoint = server("graphql-ws", |mut peer| async move {
        peer.acknowledge().await;
        let (id, _) = peer.operation().await.unwrap();
        peer.send(json!({"type": "start_ack", "id": id})).await;
        peer.send(json!({"type": "connection_error", "payload": {"message": "what?"}}))
            .await;
        peer.send(json!({"type": "data", "id": id, "payload": {"data": {"a": 1}}}))
            .await;
        peer.send(json!({"type": "complete", "id": id, "payload": null}))
            .await;
        peer.closed().await;
    })
    .await;
    let options = once().subprotocols([tower_auth_graphql::Subprotocol::Legacy]);
    let mut results = subscribe(&endpoint, options).await.unwrap();
    assert_eq!(value(&mut results).await, json!({"a": 1}));
    assert!(next(&mut results).await.is_none());
}

#[tokio::test]
async fn bytes_that_are_no_frame_end_the_connection() {
    use tokio::io::AsyncWriteExt as _;
    let long_ping = [&[0x89, 126, 0, 126][..], &[0; 126]].concat();
    // A reserved opcode, reserved bits, a mask, a control frame that is too long.
    for bytes in [
        vec![0x83, 0],
        vec![0xF1, 0],
        vec![0x81, 0x80, 1, 2, 3, 4],
        long_ping,
    ] {
        let shown = format!("{bytes:?}");
        let (sender, closed) = tokio::sync::oneshot::channel();
        let sender = std::sync::Arc::new(std::sync::Mutex::new(Some(sender)));
        let error = after_a_result(once(), move |mut peer, _| {
            let (sender, bytes) = (sender.lock().unwrap().take(), bytes.clone());
            async move {
                peer.stream.get_mut().write_all(&bytes).await.unwrap();
                let code = peer.closed().await;
                if let Some(sender) = sender {
                    let _ = sender.send(code);
                }
            }
        })
        .await;
        assert_eq!(error.kind(), ErrorKind::Protocol, "{shown}: {error:?}");
        assert_eq!(closed.await.unwrap(), Some(1002), "{shown}");
    }
}
