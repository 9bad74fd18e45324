//! GraphQL over server-sent events, in the mode of distinct connections.

mod parser;
#[cfg(feature = "sse")]
pub(crate) mod single;

use crate::{
    BoxError, Error, Response,
    incoming::Incoming,
    response::{StreamJudge, parse},
    settings::Settings,
    subscription::{Pushed, Results},
};
use http::{HeaderValue, response::Parts as Head};
use http_body::Body;
use parser::Parser;
use std::task::{Context, Poll, ready};

/// Nothing else: the reference server of the protocol compares the whole header with it.
pub(crate) const ACCEPT_EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// A stream of events for many operations.
#[cfg(feature = "sse")]
pub(crate) struct Shared {
    pub(crate) incoming: Incoming,
    parser: Parser,
    pub(crate) judge: StreamJudge,
}

#[cfg(feature = "sse")]
/// The results of many operations, as they are pushed.
pub struct EventStream(pub(crate) Box<Shared>);

#[cfg(feature = "sse")]
impl EventStream {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Box::new(shared))
    }
}

#[cfg(feature = "sse")]
impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}

/// Asks for one: an extension of the request.
#[cfg(feature = "sse")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneForAll;

#[cfg(feature = "sse")]
impl Shared {
    pub(crate) fn open<B>(head: &Head, body: B, settings: &Settings) -> Self
    where
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            incoming: Incoming::new(body, None, settings.idle_timeout),
            parser: Parser::new(settings.part_size),
            judge: StreamJudge::new(settings.detector.clone(), head),
        }
    }
}

/// The results of an operation, each an event ([GraphQL over SSE][spec], distinct connections).
///
/// [spec]: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
pub(crate) struct Events {
    incoming: Incoming,
    parser: Parser,
}

impl Events {
    pub(crate) fn open<B>(head: &Head, body: B, settings: &Settings) -> Results<Self>
    where
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let events = Self {
            incoming: Incoming::new(body, None, settings.idle_timeout),
            parser: Parser::new(settings.part_size),
        };
        Results::new(events, StreamJudge::new(settings.detector.clone(), head))
    }
}

impl Pushed for Events {
    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Response>, Error>> {
        poll_result(&mut self.incoming, &mut self.parser, cx)
    }
}

fn poll_result(
    incoming: &mut Incoming,
    parser: &mut Parser,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Response>, Error>> {
    loop {
        while let Some(event) = parser.next_event()? {
            match &*event.name {
                // Servers from before there was a protocol give their events no name.
                b"next" | b"message" | b"" => {
                    return Poll::Ready(parse(&event.data.into(), false).map(Some));
                }
                b"complete" => return Poll::Ready(Ok(None)),
                _ => {} // of some extension
            }
        }
        let data = ready!(incoming.poll(cx))?;
        parser.push(&data);
    }
}
