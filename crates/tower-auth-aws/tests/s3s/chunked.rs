//! Streams: every chunk and trailer is verified by the server.

use crate::support::{REGION, Server, credentials, http, read, request};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};
use tower::{Layer, ServiceExt, service_fn};
use tower_auth_aws::{Checksum, ChunkError, ChunkSigned, Chunked, SigV4};

/// A stream of `left` bytes in frames of some size, made while it is read.
struct Stream {
    left: u64,
    frame: u64,
    at: u64,
}

impl Stream {
    fn new(length: u64, frame: u64) -> Self {
        Self {
            left: length,
            frame,
            at: 0,
        }
    }
}

fn bytes(from: u64, count: u64) -> Bytes {
    (from..from + count)
        .map(|i| (i % 251) as u8)
        .collect::<Vec<_>>()
        .into()
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let count = self.left.min(self.frame);
        if count == 0 {
            return Poll::Ready(None);
        }
        let data = bytes(self.at, count);
        self.left -= count;
        self.at += count;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn modes() -> Vec<Chunked> {
    let mut modes = vec![Chunked::signed()];
    for checksum in [
        Checksum::Crc32,
        Checksum::Crc32C,
        Checksum::Crc64Nvme,
        Checksum::Sha256,
    ] {
        modes.push(Chunked::signed().checksum(checksum));
        modes.push(Chunked::unsigned(checksum));
    }
    modes
}

#[tokio::test]
async fn streams_of_every_size_arrive_whole() {
    let server = Server::start().await;
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    for mode in modes() {
        for (length, frame) in [
            (0, 1),
            (1, 1),
            (65_535, 7000),
            (65_536, 65_536),
            (65_537, 65_537),
            (300_000, 1000),
            (300_000, 150_000),
        ] {
            let client = scheme.clone().chunked(mode).layer(http());
            let body = ChunkSigned::new(Stream::new(length, frame));
            let put = request("PUT", server.uri("/bucket/stream"), body);
            let (status, text) = read(client.oneshot(put).await.unwrap()).await;
            assert_eq!(
                status,
                StatusCode::OK,
                "{mode:?} {length} {frame}: {text:?}"
            );
            assert_eq!(
                server.stored("stream"),
                bytes(0, length),
                "{mode:?} {length} {frame}"
            );
        }
    }
}

#[tokio::test]
async fn a_stream_of_many_megabytes_arrives_whole() {
    const LENGTH: u64 = 48 * 1024 * 1024;
    let server = Server::start().await;
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let mode = Chunked::signed().checksum(Checksum::Crc64Nvme);
    let client = scheme.chunked(mode).layer(http());
    let put = request(
        "PUT",
        server.uri("/bucket/large"),
        ChunkSigned::new(Stream::new(LENGTH, 100_000)),
    );
    let (status, text) = read(client.oneshot(put).await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text:?}");
    assert!(server.stored("large") == bytes(0, LENGTH));
}

/// The server verifies indeed: what is changed on the way is refused, in any chunk and in the trailer.
#[tokio::test]
async fn what_is_changed_on_the_way_is_refused() {
    let server = Server::start().await;
    for mode in [
        Chunked::signed(),
        Chunked::signed().checksum(Checksum::Crc32),
        Chunked::unsigned(Checksum::Sha256),
    ] {
        for at in [0.2, 0.7, 0.9999] {
            let tampering = service_fn(async |request: Request<ChunkSigned<Stream>>| {
                let (parts, body) = request.into_parts();
                let mut wire = http_body_util::BodyExt::collect(body)
                    .await
                    .unwrap()
                    .to_bytes()
                    .to_vec();
                let at = (wire.len() as f64 * at) as usize - 8;
                wire[at] ^= 1;
                http()
                    .request(Request::from_parts(parts, Full::new(Bytes::from(wire))))
                    .await
            });
            let scheme = SigV4::new("s3", REGION, credentials())
                .unwrap()
                .chunked(mode);
            let client = scheme.layer(tampering);
            let put = request(
                "PUT",
                server.uri("/bucket/tampered"),
                ChunkSigned::new(Stream::new(200_000, 50_000)),
            );
            let (status, _) = read(client.oneshot(put).await.unwrap()).await;
            assert!(!status.is_success(), "{mode:?} {at}: {status}");
        }
    }
}

#[tokio::test]
async fn the_body_keeps_its_own_encoding() {
    let server = Server::start().await;
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let client = scheme.chunked(Chunked::signed()).layer(http());
    let mut put = request(
        "PUT",
        server.uri("/bucket/gzip"),
        ChunkSigned::new(Stream::new(10, 10)),
    );
    put.headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    put.headers_mut()
        .insert("content-length", "10".parse().unwrap());
    let (status, text) = read(client.oneshot(put).await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text:?}");
}

/// Chunks are cut from a body that says one length and has another.
#[tokio::test]
async fn a_body_of_another_length_than_it_says_is_an_error() {
    let server = Server::start().await;
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    for said in [99, 101] {
        let client = scheme.clone().chunked(Chunked::signed()).layer(http());
        let body = ChunkSigned::with_length(Stream::new(100, 10), said);
        let error = client
            .oneshot(request("PUT", server.uri("/bucket/short"), body))
            .await
            .unwrap_err();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        let found = std::iter::from_fn(|| {
            let this = cause?;
            cause = this.source();
            Some(this)
        })
        .any(|error| matches!(error.downcast_ref(), Some(ChunkError::<Infallible>::Length)));
        assert!(found, "{said}: {error:?}");
    }
}
