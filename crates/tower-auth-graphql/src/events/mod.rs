//! GraphQL over server-sent events, in the mode of distinct connections.

mod parser;

use crate::{
    BoxError, Error, Response,
    incoming::Incoming,
    response::{Sent, StreamJudge, parse},
    settings::Settings,
};
use http::{HeaderValue, response::Parts as Head};
use http_body::Body;
use parser::Parser;
use std::{
    fmt,
    future::poll_fn,
    task::{Context, Poll, ready},
};
use tower_auth_core::NotAuthenticated;

/// Nothing else: the reference server of the protocol compares the whole header with it.
pub(crate) const ACCEPT_EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// The results of a subscription, as they are pushed ([GraphQL over SSE][spec], distinct connections). Dropping it ends
/// the subscription.
///
/// The request is an ordinary one, so the layers of the stack authenticate it, and a 401 renews credentials. A connection
/// that drops is an error; it is not made again, since the server would run the operation anew.
///
/// A server may also say in an event that the caller has to log in. When it does so
/// [at once](crate::GraphQlService::first_event), credentials are renewed as well. Later it is too late for that: the
/// event's [`auth_failure`](Response::auth_failure) says so, and subscribing again renews them.
///
/// ```no_run
/// # async fn example<S>(client: tower_auth_graphql::Client<S>) -> Result<(), tower_auth_graphql::Error>
/// # where S: tower_service::Service<http::Request<tower_auth_graphql::Body>,
/// #     Response = http::Response<tower_auth_graphql::Reply>> + Clone, S::Error: Into<tower_auth_graphql::BoxError> {
/// let mut events = client.query("subscription { news { title } }").subscribe().await?;
/// while let Some(response) = events.next().await {
///     let response = response?.decode::<serde_json::Value>()?;
///     println!("{:?}", response.data);
/// }
/// # Ok(()) }
/// ```
///
/// [spec]: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
pub struct Events {
    state: State,
    /// Was looked at, and is still to be given out.
    first: Option<Option<Result<Response, Error>>>,
}

enum State {
    Open {
        incoming: Incoming,
        parser: Parser,
        judge: Box<StreamJudge>,
    },
    /// The server answered at once.
    Single(Box<Response>),
    Done,
}

impl Events {
    pub(crate) fn new<B>(head: &Head, body: B, settings: &Settings) -> Self
    where
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::at(State::Open {
            incoming: Incoming::new(body, None, settings.idle_timeout),
            parser: Parser::new(settings.part_size),
            judge: Box::new(StreamJudge::new(settings.detector.clone(), head)),
        })
    }

    pub(crate) fn single(response: Response) -> Self {
        Self::at(State::Single(Box::new(response)))
    }

    fn at(state: State) -> Self {
        Self { state, first: None }
    }

    /// Waits for the first result, judges it, and leaves it where it is.
    pub(crate) fn poll_first(
        &mut self,
        sent: &Sent,
        cx: &mut Context<'_>,
    ) -> Poll<Option<NotAuthenticated>> {
        if self.first.is_none() {
            self.first = Some(ready!(self.poll_next(cx)));
        }
        Poll::Ready(match (&mut self.first, &self.state) {
            (Some(Some(Ok(first))), State::Open { judge, .. }) => judge.inspect(first, sent),
            _ => None,
        })
    }

    /// The next result; `None` when the server has completed the operation.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Transport`](crate::ErrorKind::Transport) when the connection drops, [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) when the server does not even send
    /// comments for too long, [`ErrorKind::Limit`](crate::ErrorKind::Limit) when an event is too large, [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) when a result is
    /// malformed. After an error there is nothing more.
    pub async fn next(&mut self) -> Option<Result<Response, Error>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Response, Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(first);
        }
        let next = match &mut self.state {
            State::Open {
                incoming,
                parser,
                judge,
            } => {
                let next = ready!(poll_result(incoming, parser, cx)).transpose();
                next.map(|next| {
                    next.map(|mut response| {
                        response.auth_failure = judge.judge(&response.errors);
                        response
                    })
                })
            }
            State::Single(_) => {
                let State::Single(response) = std::mem::replace(&mut self.state, State::Done)
                else {
                    return Poll::Ready(None);
                };
                return Poll::Ready(Some(Ok(*response)));
            }
            State::Done => return Poll::Ready(None),
        };
        if !matches!(next, Some(Ok(_))) {
            self.state = State::Done;
        }
        Poll::Ready(next)
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

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = matches!(self.state, State::Done);
        f.debug_struct("Events")
            .field("done", &done)
            .finish_non_exhaustive()
    }
}
