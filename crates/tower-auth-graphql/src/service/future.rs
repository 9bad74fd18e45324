//! One request and its answer.

use super::gather::Gather;
#[cfg(any(
    feature = "events",
    feature = "incremental",
    feature = "multipart",
    feature = "ws"
))]
use super::held::Held;
use crate::{
    AuthFailure, BoxError, Error, ErrorKind, Reply, Timeout,
    head::Head,
    pace::Pace,
    response::{
        Sent,
        media::Media,
        {parse, parse_batch, without_mark},
    },
    settings::Settings,
};
use bytes::{Buf, Bytes};
use http::{Response, StatusCode, header::CONTENT_ENCODING, response::Parts};
use http_body::Body as _;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::time::Sleep;

/// There are no streams.
#[cfg(not(any(
    feature = "events",
    feature = "incremental",
    feature = "multipart",
    feature = "ws"
)))]
type Held = std::convert::Infallible;

/// How much is kept of a body that is not GraphQL.
const PREFIX: usize = 4096;

pin_project! {
    /// Response future of [`GraphQlService`](crate::GraphQlService).
    #[must_use = "futures do nothing unless polled"]
    pub struct Exchange<F, RB> {
        #[pin]
        state: State<F, RB>,
        #[pin]
        sleep: Option<Sleep>,
        started: bool,
        held: Option<Box<Held>>,
        opening: Option<Box<Opening>>,
        for_many: bool,
        sent: Sent,
        settings: Arc<Settings>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, RB> {
        Answered { answer: Option<Result<Response<Reply>, Error>> },
        Head { #[pin] future: F },
        Body { #[pin] body: RB, reading: Option<Reading> },
    }
}

/// A WebSocket that was asked for.
#[cfg(feature = "ws")]
pub(super) struct Opening {
    pub(super) handshake: crate::ws::Handshake,
    /// Those that the handshake was sent with.
    pub(super) headers: http::HeaderMap,
    /// It went to another origin than it was meant for.
    pub(super) elsewhere: bool,
}

#[cfg(feature = "ws")]
impl Opening {
    pub(super) fn of<B>(request: &http::Request<B>) -> Option<Self> {
        let handshake = request.extensions().get::<crate::ws::Handshake>()?;
        Some(Self {
            handshake: handshake.clone(),
            headers: request.headers().clone(),
            elsewhere: handshake.is_elsewhere(request.uri()),
        })
    }
}

#[cfg(not(feature = "ws"))]
type Opening = std::convert::Infallible;

struct Reading {
    parts: Parts,
    gather: Gather,
    media: Media,
    pace: Pace,
}

impl<F, RB> Exchange<F, RB> {
    pub(super) fn new(future: F, sent: Sent, settings: Arc<Settings>) -> Self {
        Self::at(State::Head { future }, sent, settings)
    }

    /// A request that could not be sent.
    pub(super) fn failed(error: Error, settings: Arc<Settings>) -> Self {
        let answer = Some(Err(error));
        Self::at(State::Answered { answer }, Sent::default(), settings)
    }

    /// A request that need not be sent.
    #[cfg(feature = "ws")]
    pub(super) fn answered(answer: Response<Reply>, settings: Arc<Settings>) -> Self {
        let answer = Some(Ok(answer));
        Self::at(State::Answered { answer }, Sent::default(), settings)
    }

    /// The request asks for a WebSocket.
    #[cfg(feature = "ws")]
    pub(super) fn opening(mut self, opening: Option<Opening>) -> Self {
        self.opening = opening.map(Box::new);
        self
    }

    /// The request asks for a stream of events for many operations.
    #[cfg(feature = "sse")]
    pub(super) fn for_many(mut self, for_many: bool) -> Self {
        self.for_many = for_many;
        self
    }

    fn at(state: State<F, RB>, sent: Sent, settings: Arc<Settings>) -> Self {
        Self {
            state,
            sleep: None,
            started: false,
            held: None,
            opening: None,
            for_many: false,
            sent,
            settings,
        }
    }
}

impl<F, RB, E> Future for Exchange<F, RB>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
    RB: http_body::Body + Send + 'static,
    RB::Data: Send,
    RB::Error: Into<BoxError>,
{
    type Output = Result<Response<Reply>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !std::mem::replace(this.started, true) {
            // Here and not in `call`: a timer needs its runtime.
            let timeout = this.settings.timeout;
            this.sleep.set(timeout.map(tokio::time::sleep));
        }
        loop {
            #[cfg(any(
                feature = "events",
                feature = "incremental",
                feature = "multipart",
                feature = "ws"
            ))]
            if let Some(held) = this.held {
                if !held.may_wait() {
                    if let Poll::Ready(error) = timed_out(this.sleep.as_mut(), cx) {
                        return Poll::Ready(Err(error));
                    }
                }
                let mark = ready!(held.poll_first(this.sent, cx))?;
                if let Some(held) = this.held.take() {
                    return Poll::Ready(Ok(held.release(mark)));
                }
            }
            match this.state.as_mut().project() {
                StateProj::Answered { answer } => {
                    let again = || Err(Error::protocol("polled after completion"));
                    return Poll::Ready(answer.take().unwrap_or_else(again));
                }
                StateProj::Head { future } => {
                    let Poll::Ready(response) = future.poll(cx) else {
                        return timed_out(this.sleep.as_mut(), cx).map(Err);
                    };
                    let response = response.map_err(|error| Error::transport(error.into()))?;
                    let (parts, body) = response.into_parts();
                    #[cfg(feature = "ws")]
                    let is_socket =
                        |opening: &mut Box<Opening>| opening.handshake.succeeds_with(parts.status);
                    #[cfg(feature = "ws")]
                    if let Some(opening) = this.opening.take_if(is_socket) {
                        drop(body);
                        let held = Held::socket(parts, *opening, this.settings);
                        *this.held = Some(Box::new(held));
                        continue;
                    }
                    let media = media(&parts, this.settings);
                    #[cfg(feature = "multipart")]
                    if media == Media::Mixed && crate::multipart::is_subscription(&parts) {
                        let results = crate::multipart::open(&parts, body, this.settings)?;
                        *this.held = Some(Box::new(Held::results(parts, results, this.settings)));
                        continue;
                    }
                    #[cfg(feature = "incremental")]
                    if media == Media::Mixed {
                        let stream = crate::incremental::Parts::new(
                            &parts,
                            body,
                            this.settings,
                            this.sleep
                                .as_ref()
                                .as_pin_ref()
                                .map(|sleep| sleep.deadline()),
                        )?;
                        *this.held = Some(Box::new(Held::parts(parts, stream)));
                        continue;
                    }
                    #[cfg(feature = "sse")]
                    if *this.for_many && media == Media::Events && parts.status.is_success() {
                        let events = crate::events::Shared::open(&parts, body, this.settings);
                        let reply = Reply::Events(crate::EventStream::new(events));
                        return Poll::Ready(Ok(Response::from_parts(parts, reply)));
                    }
                    #[cfg(feature = "events")]
                    if media == Media::Events && parts.status.is_success() {
                        let events = crate::events::Events::open(&parts, body, this.settings);
                        *this.held = Some(Box::new(Held::results(parts, events, this.settings)));
                        continue;
                    }
                    let is_json = matches!(media, Media::GraphQl | Media::Json);
                    let (known, limit) = if is_json {
                        (body.size_hint().lower(), this.settings.response_size)
                    } else {
                        (0, PREFIX)
                    };
                    let reading = match Gather::new(known, limit) {
                        Ok(gather) => Reading {
                            parts,
                            gather,
                            media,
                            pace: Pace::default(),
                        },
                        Err(error) => {
                            return Poll::Ready(unreadable(parts, error, this.sent, this.settings));
                        }
                    };
                    this.state.set(State::Body {
                        body,
                        reading: Some(reading),
                    });
                }
                StateProj::Body { mut body, reading } => {
                    let polled = match reading.as_mut() {
                        Some(reading) => read(body.as_mut(), reading, cx),
                        None => {
                            return Poll::Ready(Err(Error::protocol("polled after completion")));
                        }
                    };
                    let done = match polled {
                        Poll::Ready(done) => done,
                        Poll::Pending => Err(ready!(timed_out(this.sleep.as_mut(), cx))),
                    };
                    let Some(reading) = reading.take() else {
                        continue;
                    };
                    return Poll::Ready(match done {
                        Ok(()) => Ok(judge(reading, this.sent, this.settings)),
                        Err(error) => unreadable(reading.parts, error, this.sent, this.settings),
                    });
                }
            }
        }
    }
}

fn timed_out(sleep: Pin<&mut Option<Sleep>>, cx: &mut Context<'_>) -> Poll<Error> {
    match sleep.as_pin_mut() {
        Some(sleep) => sleep.poll(cx).map(|()| {
            Error::new(
                ErrorKind::Timeout(Timeout::Answer),
                "no complete answer in time; give it longer with `timeout`",
            )
        }),
        None => Poll::Pending,
    }
}

/// How the body is to be read: not at all when it is still compressed.
fn media(parts: &Parts, settings: &Settings) -> Media {
    if is_compressed(parts) {
        return Media::Other;
    }
    match Media::of(&parts.headers) {
        Media::Plain if settings.plain_text => Media::Json,
        media => media,
    }
}

fn is_compressed(parts: &Parts) -> bool {
    parts.headers.get(CONTENT_ENCODING).is_some_and(|coding| {
        // `none` is no coding, but graphql-yoga says so of its event streams.
        let plain = ["identity", "none", ""];
        !plain
            .iter()
            .any(|name| coding.as_bytes().eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// Reads on: to the end, or as much as is wanted of a body that is not GraphQL.
fn read<RB>(
    mut body: Pin<&mut RB>,
    reading: &mut Reading,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>>
where
    RB: http_body::Body,
    RB::Error: Into<BoxError>,
{
    loop {
        ready!(reading.pace.poll_turn(cx));
        let Poll::Ready(frame) = body.as_mut().poll_frame(cx) else {
            reading.pace.rest();
            return Poll::Pending;
        };
        let Some(frame) = frame else {
            return Poll::Ready(Ok(()));
        };
        let frame = frame.map_err(|error| {
            Error::new(ErrorKind::Transport, "the answer was cut off").with_source(error)
        })?;
        let Ok(data) = frame.into_data() else {
            reading.pace.piece(0)?; // trailers
            continue;
        };
        reading.pace.piece(data.remaining())?;
        if !matches!(reading.media, Media::GraphQl | Media::Json) {
            let wanted = PREFIX.saturating_sub(reading.gather.len());
            reading.gather.push(data.take(wanted), 0)?;
            if reading.gather.len() >= PREFIX {
                return Poll::Ready(Ok(()));
            }
        } else {
            reading.gather.push(data, body.size_hint().lower())?;
        }
    }
}

/// An answer whose body could not be read. When it is about credentials, its head is enough.
fn unreadable(
    mut parts: Parts,
    error: Error,
    sent: &Sent,
    settings: &Settings,
) -> Result<Response<Reply>, Error> {
    let error = error.with_head(Head::of(&parts));
    match settings.detector.inspect_unreadable(parts.status, sent) {
        Some(mark) => {
            parts.extensions.insert(mark);
            Ok(Response::from_parts(parts, Reply::NotGraphQl(error)))
        }
        None => Err(error),
    }
}

/// Makes a reply of an answer that was read.
fn judge(reading: Reading, sent: &Sent, settings: &Settings) -> Response<Reply> {
    let Reading {
        mut parts,
        gather,
        media,
        ..
    } = reading;
    let json = gather.finish();
    let mut reply = match media {
        Media::GraphQl => decode(&json, false, sent),
        Media::Json if parts.status.is_success() => decode(&json, false, sent),
        Media::Json => match decode(&json, true, sent) {
            Reply::NotGraphQl(error) if error.kind() == ErrorKind::Protocol => {
                Reply::NotGraphQl(not_graphql(&parts, settings))
            }
            reply => reply,
        },
        Media::Mixed | Media::Events | Media::Plain | Media::Other => {
            Reply::NotGraphQl(not_graphql(&parts, settings))
        }
    };
    let responses = match &mut reply {
        Reply::Single(response) => std::slice::from_mut(response),
        Reply::Batch(responses) => responses,
        _ => &mut [],
    };
    let mark = settings
        .detector
        .inspect(parts.status, &parts.headers, responses, sent);
    if responses.iter().any(|response| !response.errors.is_empty()) {
        let head = Head::of(&parts);
        for response in responses {
            response.head = Some(Arc::clone(&head));
        }
    }
    if let Some(mark) = mark {
        parts.extensions.insert(mark);
    }
    if let Reply::NotGraphQl(error) = reply {
        let prefix = Bytes::copy_from_slice(&json[..json.len().min(PREFIX)]);
        let error = error.with_head(Head::of(&parts)).with_prefix(prefix);
        return Response::from_parts(parts, Reply::NotGraphQl(error));
    }
    Response::from_parts(parts, reply)
}

fn decode(json: &Bytes, strict: bool, sent: &Sent) -> Reply {
    let is_list = without_mark(json).trim_ascii_start().first() == Some(&b'[');
    let reply = if is_list && sent.operations.is_batch() {
        parse_batch(json, strict).map(Reply::Batch)
    } else if is_list {
        Err(Error::protocol(
            "the answer is a list, and the request was not",
        ))
    } else {
        parse(json, strict).map(Reply::Single)
    };
    reply.unwrap_or_else(Reply::NotGraphQl)
}

fn not_graphql(parts: &Parts, settings: &Settings) -> Error {
    let (kind, context) = match settings.detector.judge_status(parts.status) {
        Some(AuthFailure::Forbidden) => (
            ErrorKind::Auth(AuthFailure::Forbidden),
            "the server does not permit this",
        ),
        Some(failure) => (
            ErrorKind::Auth(failure),
            "the server did not accept the credentials",
        ),
        None if is_compressed(parts) => (
            ErrorKind::Transport,
            "the answer is compressed; put a layer that decompresses below, as `compression` does",
        ),
        None if parts.status.is_redirection() => (
            ErrorKind::Transport,
            "the server redirects, and redirects are not followed; use the address that it names",
        ),
        None if parts.status == StatusCode::NOT_ACCEPTABLE => (
            ErrorKind::Transport,
            "the server does not answer this operation in one piece; send `@defer` and `@stream` with `stream()`, and \
             subscriptions with `subscribe()`",
        ),
        None if Media::of(&parts.headers) == Media::Plain => (
            ErrorKind::Transport,
            "the answer does not say that it is JSON; `accept_plain_text` reads it all the same",
        ),
        None => (ErrorKind::Transport, "the answer is not GraphQL"),
    };
    Error::new(kind, context)
}

impl<F, RB> fmt::Debug for Exchange<F, RB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}
