//! What a server sends is worked on in proportion to its bytes, under the time-outs, and others get their turn.
#![cfg(all(feature = "incremental", feature = "events"))]

use bytes::Bytes;
use http::{Request, Response, header::CONTENT_TYPE};
use http_body::Frame;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tower_auth_graphql::{
    Body, BoxError, Client, ErrorKind, GraphQlService, Limit, Reply, Timeout,
};
use tower_service::Service;

type Frames = Box<dyn FnMut() -> Option<Bytes> + Send>;

/// A body that is always at hand; or one whose frames come every twenty seconds.
struct Fed {
    frames: Frames,
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
    every: Option<Duration>,
}

impl http_body::Body for Fed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(every) = self.every {
            let sleep = self
                .sleep
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(every)));
            std::task::ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
        }
        Poll::Ready((self.frames)().map(Frame::data).map(Ok))
    }
}

fn client<F>(
    media: &'static str,
    every: Option<Duration>,
    frames: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> Client<impl Service<Request<Body>, Response = Response<Reply>, Error: Into<BoxError>> + Clone>
where
    F: FnMut() -> Option<Bytes> + Send + 'static,
{
    let http = tower::service_fn(move |_: Request<Body>| {
        let frames = Box::new(frames());
        let mut response = Response::new(Fed {
            frames,
            sleep: None,
            every,
        });
        response
            .headers_mut()
            .insert(CONTENT_TYPE, media.parse().unwrap());
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut service = GraphQlService::new(http);
    if every.is_none() {
        service = service.timeout(None).idle_timeout(None).first_event(None);
    }
    Client::over("https://h/graphql", service).unwrap()
}

fn parts(parts: &[Value]) -> impl Fn() -> Box<dyn FnMut() -> Option<Bytes> + Send> + Clone + use<> {
    let part = |part: &Value| format!("\r\n---\r\n\r\n{part}");
    let body: String = parts.iter().map(part).collect::<String>() + "\r\n-----\r\n";
    let body = Bytes::from(body);
    move || {
        let mut body = Some(body.clone());
        Box::new(move || body.take())
    }
}

/// A first part that is so deep, and many patches for its end.
fn deep(depth: usize, patches: usize) -> Vec<Value> {
    let name = "n".repeat(100);
    let data = (0..depth).fold(json!({}), |data, _| json!({ name.as_str(): data }));
    let patch = json!({"id": "0", "data": {}});
    vec![
        json!({"data": data, "pending": [{"id": "0", "path": vec![name; depth]}], "hasNext": true}),
        json!({"incremental": vec![patch; patches], "hasNext": false}),
    ]
}

fn allocations(depth: usize) -> u64 {
    let client = client(
        "multipart/mixed; boundary=\"-\"",
        None,
        parts(&deep(depth, 1000)),
    );
    allocation_counter::measure(|| {
        let mut all = pin!(async {
            client
                .query("{ a }")
                .stream()
                .await
                .unwrap()
                .finish::<Value>()
                .await
                .unwrap()
        });
        let mut cx = Context::from_waker(Waker::noop());
        while all.as_mut().poll(&mut cx).is_pending() {}
    })
    .count_total
}

#[test]
fn a_patch_does_not_copy_the_path_that_was_announced() {
    allocations(1); // whatever is made once
    let (flat, deep) = (allocations(1), allocations(100));
    assert!(
        deep < flat + 1000,
        "{flat} for short paths, {deep} for long ones"
    );
}

#[test]
fn a_path_that_is_long_in_bytes_is_not_announced() {
    let client = client(
        "multipart/mixed; boundary=\"-\"",
        None,
        parts(&[
            json!({"data": {}, "pending": [{"id": "0", "path": ["x".repeat(20_000)]}], "hasNext": true}),
        ]),
    );
    let mut all = pin!(async {
        client
            .query("{ a }")
            .stream()
            .await?
            .finish::<Value>()
            .await
    });
    let mut cx = Context::from_waker(Waker::noop());
    let error = loop {
        if let Poll::Ready(result) = all.as_mut().poll(&mut cx) {
            break result.unwrap_err();
        }
    };
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn while_patches_are_merged_a_time_out_of_the_caller_fires() {
    let client = client(
        "multipart/mixed; boundary=\"-\"",
        None,
        parts(&deep(100, 100_000)),
    );
    let response = client.query("{ a }").stream().await.unwrap();
    let all = tokio::time::timeout(Duration::from_millis(5), response.finish::<Value>());
    assert!(all.await.is_err());
}

#[tokio::test]
async fn an_update_that_is_dropped_is_gone_on_with() {
    let client = client(
        "multipart/mixed; boundary=\"-\"",
        None,
        parts(&[
            json!({"data": {"list": []}, "hasNext": true}),
            json!({"incremental": (0..20_000).map(|at| json!({"path": ["list", at], "items": [at]})).collect::<Vec<_>>(), "hasNext": false}),
        ]),
    );
    let mut response = client.query("{ a }").stream().await.unwrap();
    let mut dropped = 0;
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match pin!(response.update()).poll(&mut cx) {
            Poll::Pending => dropped += 1,
            Poll::Ready(Ok(true)) => {}
            Poll::Ready(other) => {
                assert!(!other.unwrap());
                break;
            }
        }
    }
    assert!(dropped > 5, "{dropped}");
    let list = response.data().unwrap()["list"].as_array().unwrap();
    assert!(list.iter().enumerate().all(|(at, item)| *item == at) && list.len() == 20_000);
}

#[tokio::test(start_paused = true)]
async fn a_deferred_answer_has_to_be_complete_in_time_however_it_drips() {
    let frames = || {
        let mut first = Some(Bytes::from(
            "---\r\n\r\n{\"data\":{},\"hasNext\":true}\r\n---",
        ));
        move || Some(first.take().unwrap_or(Bytes::from_static(b" ")))
    };
    let drip = Some(Duration::from_secs(20));
    let client = client("multipart/mixed; boundary=\"-\"", drip, frames);
    let begin = tokio::time::Instant::now();
    let mut response = client.query("{ a }").stream().await.unwrap();
    assert!(response.update().await.unwrap());
    let error = response.update().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(Timeout::Answer));
    assert_eq!(begin.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn a_body_of_empty_frames_ends_whatever_it_is() {
    for media in [
        "application/json",
        "text/html",
        "multipart/mixed; boundary=\"-\"",
        "text/event-stream",
    ] {
        let client = client(media, None, || || Some(Bytes::new()));
        let error = match media {
            "text/event-stream" => {
                let mut events = client
                    .query("subscription { a }")
                    .subscribe()
                    .await
                    .unwrap();
                events.next().await.unwrap().unwrap_err()
            }
            "multipart/mixed; boundary=\"-\"" => {
                let stream = client.query("{ a }").stream().await;
                stream.unwrap().update().await.unwrap_err()
            }
            _ => client.query("{ a }").data::<Value>().await.unwrap_err(),
        };
        assert_eq!(
            error.kind(),
            ErrorKind::Limit(Limit::EmptyFrames),
            "{media}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_always_at_hand_does_not_hold_up_the_caller() {
    for frame in [": comment\n\n", "event: unknown\ndata: 1\n\n"] {
        let client = client("text/event-stream", None, move || {
            move || Some(Bytes::from(frame))
        });
        let mut events = client
            .query("subscription { a }")
            .subscribe()
            .await
            .unwrap();
        let next = tokio::time::timeout(Duration::from_millis(5), events.next());
        assert!(next.await.is_err());
    }
}
