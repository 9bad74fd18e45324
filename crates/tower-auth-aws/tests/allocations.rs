//! What signing allocates, and how much of a stream is in memory.

use allocation_counter::measure;
use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use tower_auth_aws::{Checksum, ChunkSigned, Chunked, Credentials, SigV4};
use tower_auth_core::Authorize;

fn scheme(service: &str) -> SigV4 {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
    SigV4::new(service, "us-east-1", credentials).unwrap()
}

#[test]
fn a_get_with_four_headers_allocates_at_most_four_times() {
    let scheme = scheme("execute-api");
    let request = || {
        Request::get("https://api.example.com/v1/items")
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("x-request-id", "3f0e6c1c-7d0a-4a3e-9d7b-0d6b5b2f9a11")
            .header("x-trace", "1")
            .body(Full::<Bytes>::default())
            .unwrap()
    };
    scheme.authorize((), &mut request()).unwrap(); // derives the key
    for _ in 0..10 {
        let mut request = request();
        let counted = measure(|| scheme.authorize((), &mut request).unwrap());
        assert!(counted.count_total <= 4, "{counted:?}");
    }
}

/// Frames of the same bytes, without copying them.
struct Frames {
    frame: Bytes,
    left: u64,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let count = self.left.min(self.frame.len() as u64);
        self.left -= count;
        let data = self.frame.slice(..count as usize);
        Poll::Ready((count > 0).then_some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn armed(chunked: Chunked, frame: usize, length: u64) -> ChunkSigned<Frames> {
    let frame = Bytes::from(vec![7; frame]);
    let body = ChunkSigned::new(Frames {
        frame,
        left: length,
    });
    let mut request = Request::put("https://s3.example.com/bucket/key")
        .body(body)
        .unwrap();
    scheme("s3")
        .chunked(chunked)
        .authorize((), &mut request)
        .unwrap();
    request.into_body()
}

fn next(body: &mut ChunkSigned<Frames>) -> Option<usize> {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(body).poll_frame(&mut context) {
        Poll::Ready(frame) => Some(frame?.unwrap().into_data().unwrap().len()),
        Poll::Pending => unreachable!("the frames are at hand"),
    }
}

#[test]
fn a_stream_of_any_size_takes_the_memory_of_a_chunk() {
    const MEGABYTE: u64 = 1024 * 1024;
    let mode = Chunked::signed().checksum(Checksum::Crc32C);
    for frame in [100, 5_000, 65_536, 1_000_000] {
        for length in [MEGABYTE, 24 * MEGABYTE] {
            let mut body = armed(mode, frame, length);
            let mut sent = 0;
            let counted = measure(|| {
                while let Some(bytes) = next(&mut body) {
                    sent += bytes as u64;
                }
            });
            assert!(sent > length);
            assert!(
                counted.bytes_max < 4 * 64 * 1024,
                "{frame} {length}: {counted:?}"
            );
            assert!(body.is_end_stream());
        }
    }
}

#[test]
fn a_chunk_allocates_its_frame_and_nothing_else() {
    let mut body = armed(Chunked::signed(), 65_536, 100 * 65_536);
    // Each is a line and the data.
    for _ in 0..20 {
        next(&mut body);
    }
    let counted = measure(|| {
        for _ in 0..40 {
            next(&mut body);
        }
    });
    assert_eq!(counted.count_total, 20, "{counted:?}");
}
