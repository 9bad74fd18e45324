//! A clock that is off.

use crate::support::{REGION, Server, credentials, http, read, request};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tower::{Layer, Service, ServiceBuilder};
use tower_auth_aws::{ChunkSigned, Chunked, SigV4};
use tower_auth_core::{Clock, SchemeExt, clock::ManualClock, replay::Cloned};

/// s3s sends no `Date`: hyper's server does.
#[tokio::test]
async fn a_clock_that_is_off_is_corrected_and_the_request_sent_once_more() {
    for (ahead, behind) in [
        (Duration::from_secs(1800), Duration::ZERO),
        (Duration::ZERO, Duration::from_secs(86_400)),
    ] {
        let server = Server::start().await;
        let hands = ManualClock::at(Clock::system().now() + ahead - behind);
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&sent);
        let mut client = ServiceBuilder::new()
            .layer(
                SigV4::new("s3", REGION, credentials())
                    .unwrap()
                    .clock(Clock::new(hands.clone()))
                    .correct_clock()
                    .replay(Cloned),
            )
            .map_request(move |request: Request<Full<Bytes>>| {
                counter.fetch_add(1, Ordering::SeqCst);
                request
            })
            .service(http());
        let mut put = async |key: &str| {
            let put = request(
                "PUT",
                server.uri(&format!("/bucket/{key}")),
                Full::new(Bytes::from("text")),
            );
            read(client.call(put).await.unwrap()).await
        };
        let (status, text) = put("first").await;
        assert_eq!(status, StatusCode::OK, "{text:?}");
        assert_eq!(sent.load(Ordering::SeqCst), 2, "refused, and sent again");
        let (status, _) = put("second").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(sent.load(Ordering::SeqCst), 3, "the offset is remembered");

        // Somebody sets the clock right: the next request is refused for the old offset, and sent again.
        hands.set(Clock::system().now());
        let (status, _) = put("third").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(sent.load(Ordering::SeqCst), 5);
        let (status, _) = put("fourth").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(sent.load(Ordering::SeqCst), 6);
    }
}

#[tokio::test]
async fn without_correction_the_refusal_is_the_answer() {
    let server = Server::start().await;
    let hands = ManualClock::at(Clock::system().now() - Duration::from_secs(1800));
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let mut client = scheme.clock(Clock::new(hands)).layer(http());
    for _ in 0..2 {
        let put = request(
            "PUT",
            server.uri("/bucket/key"),
            Full::new(Bytes::from("text")),
        );
        let (status, _) = read(client.call(put).await.unwrap()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
}

/// A replay signs the stream anew, from its first chunk.
#[tokio::test]
async fn a_stream_that_is_sent_again_begins_its_chain_anew() {
    let server = Server::start().await;
    let hands = ManualClock::at(Clock::system().now() - Duration::from_secs(1800));
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let mut client = scheme
        .clock(Clock::new(hands))
        .chunked(Chunked::signed())
        .correct_clock()
        .replay(Cloned)
        .layer(http());
    let body = Full::new(Bytes::from(vec![7; 200_000]));
    let put = request("PUT", server.uri("/bucket/again"), ChunkSigned::new(body));
    let (status, text) = read(client.call(put).await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text:?}");
    assert_eq!(server.stored("again"), vec![7; 200_000]);
}

/// Of requests that are refused at the same time, each is sent again, not only the first.
#[tokio::test]
async fn parallel_requests_are_all_sent_again() {
    let server = Server::start().await;
    let hands = ManualClock::at(Clock::system().now() + Duration::from_secs(1800));
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let client = scheme
        .clock(Clock::new(hands))
        .correct_clock()
        .replay(Cloned)
        .layer(http());
    let mut tasks = tokio::task::JoinSet::new();
    for at in 0..8 {
        let mut client = client.clone();
        let put = request(
            "PUT",
            server.uri(&format!("/bucket/{at}")),
            Full::new(Bytes::from("text")),
        );
        tasks.spawn(async move { read(client.call(put).await.unwrap()).await.0 });
    }
    while let Some(status) = tasks.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
}
