//! Answers out of memory, which arrive in chunks that are cut anywhere.
#![allow(dead_code, unreachable_pub)] // each target of `fuzz/` is a crate of its own and uses its part

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::{Frame, SizeHint};
use std::{
    collections::VecDeque,
    convert::Infallible,
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use tower::Service;
use tower_auth_graphql::{Body, Client, Error, GraphQlService, Reply};

/// What parsers look for. A byte of the input that is the index of one stands for it.
const PIECES: [&[u8]; 29] = [
    b"{\"data\":{\"a\":1,\"b\":[\"x\"]},\"hasNext\":true}",
    b"{\"data\":{\"a\":null},\"errors\":[{\"message\":\"m\",\"path\":[\"a\"],\"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]}",
    b"{\"incremental\":[{\"path\":[\"b\",1],\"items\":[2]}],\"hasNext\":true}",
    b"{\"incremental\":[{\"id\":\"0\",\"data\":{\"c\":{}}}],\"completed\":[{\"id\":\"0\"}]}",
    b"{\"pending\":[{\"id\":\"0\",\"path\":[]}],\"data\":{\"a\":{}},\"hasNext\":true}",
    b"\"data\":",
    b"\"errors\":[",
    b"\"extensions\":{",
    b"\"\\u0065rrors\":",
    b"\t",
    b"\n",
    b"\"hasNext\":",
    b"{\"message\":\"m\"}",
    b"\r",
    b"\r\n---\r\n",
    b"\r\n-----\r\n",
    b"Content-Type: application/json",
    b"\r\n\r\n",
    b"event: next\n",
    b"event: complete\n",
    b"data: ",
    b"data: {\"data\":{\"a\":1}}\n\n",
    b"\"path\":[",
    b"\"items\":[",
    b"null",
    b"true",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"expiredToken\":true}",
    b"\xef\xbb\xbf",
];

/// Before a byte that stands for itself.
const ESCAPE: u8 = 0x1f;

/// The text that an input stands for.
pub fn expand(input: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(4 * input.len());
    let mut input = input.iter().copied();
    while let Some(byte) = input.next() {
        match PIECES.get(usize::from(byte)) {
            Some(piece) => text.extend_from_slice(piece),
            None if byte == ESCAPE => text.extend(input.next()),
            None => text.push(byte),
        }
    }
    text
}

/// How a body is cut.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// Not at all, and its length is known.
    Whole,
    /// Into chunks of these lengths, over and over; each has to be waited for.
    Lengths([u8; 4]),
    /// Into single bytes.
    Bytes,
}

impl Cut {
    fn apply(self, mut body: Bytes) -> VecDeque<Bytes> {
        let lengths = match self {
            Self::Lengths(lengths) if lengths.iter().any(|length| *length > 0) => lengths,
            Self::Bytes => [1; 4],
            _ => return [body].into(),
        };
        let mut chunks = VecDeque::new();
        for length in lengths.into_iter().cycle() {
            if body.is_empty() {
                break;
            }
            chunks.push_back(body.split_to(usize::from(length).min(body.len())));
        }
        chunks
    }
}

/// What comes after the last byte.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Clean,
    Trailers,
    Failure,
}

impl End {
    pub fn read(byte: u8) -> Self {
        match byte % 4 {
            0 => Self::Failure,
            1 => Self::Trailers,
            _ => Self::Clean,
        }
    }
}

/// An answer of a server, to whatever it is asked.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub media: Option<HeaderValue>,
    pub body: Bytes,
    pub end: End,
}

/// Bytes that are read of an answer, and of a part.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub response: usize,
    pub part: usize,
}

/// A client of a server that always answers so.
pub fn client(
    answer: &Answer,
    cut: Cut,
    limits: Limits,
) -> Client<
    impl Service<Request<Body>, Response = Response<Reply>, Error = Error, Future: Send> + Clone,
> {
    let answer = answer.clone();
    let http = tower::service_fn(move |_: Request<Body>| {
        let mut response = Response::new(Chunks::new(&answer, cut));
        *response.status_mut() = answer.status;
        if let Some(media) = &answer.media {
            response.headers_mut().insert(CONTENT_TYPE, media.clone());
        }
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let service = GraphQlService::new(http)
        .timeout(None)
        .idle_timeout(None)
        .first_event(None)
        .max_response_size(limits.response)
        .max_part_size(limits.part);
    Client::over("https://h/graphql", service).expect("a constant endpoint")
}

struct Chunks {
    chunks: VecDeque<Bytes>,
    end: Option<End>,
    is_whole: bool,
    has_waited: bool,
}

impl Chunks {
    fn new(answer: &Answer, cut: Cut) -> Self {
        Self {
            chunks: cut.apply(answer.body.clone()),
            end: Some(answer.end),
            is_whole: matches!(cut, Cut::Whole),
            has_waited: false,
        }
    }
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if !self.is_whole && !std::mem::replace(&mut self.has_waited, true) {
            return Poll::Pending;
        }
        self.has_waited = false;
        if let Some(chunk) = self.chunks.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        Poll::Ready(match self.end.take() {
            Some(End::Trailers) => Some(Ok(Frame::trailers(HeaderMap::new()))),
            Some(End::Failure) => Some(Err(io::Error::other("reset"))),
            Some(End::Clean) | None => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_whole {
            SizeHint::with_exact(self.chunks.iter().map(|chunk| chunk.len() as u64).sum())
        } else {
            SizeHint::default()
        }
    }
}

/// Runs what waits for nothing but chunks.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
    panic!("waits for what does not come");
}

/// All that is to be known of an error; showing it must not panic either.
pub fn describe(error: &Error) -> String {
    assert!(error.body_prefix().len() <= 4096);
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    assert!(sources.count() < 10);
    let _ = (format!("{error:?}"), error.auth_error());
    format!(
        "{error} {:?} {:?} {:?} {:?} {:?}",
        error.kind(),
        error.status(),
        error.content_type(),
        error.body_prefix(),
        error.errors()
    )
}
