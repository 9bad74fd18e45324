//! Results that are pushed, whatever carries them.

#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) mod mailbox;
#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) mod message;
#[cfg(any(feature = "events", feature = "multipart"))]
mod pushed;

#[cfg(any(feature = "events", feature = "multipart"))]
pub(crate) use self::pushed::{Pushed, Results};

use crate::{Data, Error, Response};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The results of an operation, one after the other, as they are pushed: over a WebSocket, as server-sent events, or as
/// parts of a multipart answer. A [`Stream`].
///
/// The request that opens it is an ordinary one, so the layers of the stack authenticate it, and a refusal renews
/// credentials. Dropping it ends the operation at the server; [`unsubscribe`](Self::unsubscribe) does so too, and says
/// whether the server could be told.
///
/// A result may have errors, and the stream goes on ([`Response::errors`]). An error of the stream is its end: there is
/// nothing after it. [`end`](Self::end) says afterwards how it ended.
///
/// Over a WebSocket, a connection that drops is made again; see [`Event::Reconnected`] for how to notice. Over anything
/// else, a drop is an error, since the server would run the operation anew.
///
/// ```no_run
/// # async fn example<S>(client: tower_auth_graphql::Client<S>) -> Result<(), tower_auth_graphql::Error>
/// # where S: tower_service::Service<http::Request<tower_auth_graphql::Body>,
/// #     Response = http::Response<tower_auth_graphql::Reply>> + Clone, S::Error: Into<tower_auth_graphql::BoxError> {
/// # #[derive(serde::Deserialize)] struct News { title: String }
/// # #[derive(serde::Deserialize)] struct Data { news: News }
/// let mut news = client
///     .query("subscription { news { title } }")
///     .subscribe()
///     .await?
///     .typed::<Data>();
/// while let Some(response) = news.next().await {
///     let response = response?;
///     if let Some(data) = response.data {
///         println!("{}", data.news.title);
///     }
/// }
/// # Ok(()) }
/// ```
pub struct Subscription<T = Data> {
    source: Box<dyn Source>,
    decode: fn(Response) -> Result<Response<T>, Error>,
    end: Option<End>,
}

/// What carries results.
pub(crate) trait Source: Send {
    /// The next event. `None` when the server has completed the operation; after an error there is nothing more.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>>;

    /// Its name on a connection that it shares with others.
    fn id(&self) -> Option<u64> {
        None
    }

    /// Tells the server that nobody wants more, and waits until it has been told.
    fn unsubscribe(self: Box<Self>) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        // Dropping it closes the connection.
        drop(self);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Told when the server has been told that an operation is over.
#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) type Told = tokio::sync::oneshot::Sender<Result<(), Error>>;

/// Waits until the server has been told.
#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) fn told(
    receiver: tokio::sync::oneshot::Receiver<Result<(), Error>>,
) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
    Box::pin(async move {
        receiver.await.unwrap_or_else(|_| {
            Err(Error::new(
                crate::ErrorKind::Transport,
                "the connection was lost before the server could be told that the operation is over",
            ))
        })
    })
}

/// What a subscription brings.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // Nearly all of them are results.
pub enum Event<T = Data> {
    /// A result.
    Result(Response<T>),
    /// The connection was lost and made again, and the operation was sent once more: results may have been missed, or
    /// come again.
    Reconnected(Reconnected),
}

/// A connection that was made again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reconnected {
    /// How often it was tried, from 1.
    pub attempts: u32,
    /// How the last one ended; `None` when it was closed from here, since credentials were about to expire.
    pub closed: Option<crate::Closed>,
}

/// How a subscription ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum End {
    /// The server has completed the operation.
    Completed,
    /// Something failed: the very error that the stream ended with.
    Failed(Error),
}

impl Subscription {
    pub(crate) fn new(source: impl Source + 'static) -> Self {
        Self {
            source: Box::new(source),
            decode: Ok,
            end: None,
        }
    }

    /// The server answered at once.
    pub(crate) fn single(response: Response) -> Self {
        Self::new(Single(Some(Box::new(response))))
    }

    /// The same, with the data of every result as a `T`. Data that are no `T` end the stream with
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), unless the result has errors too.
    pub fn typed<T: DeserializeOwned>(self) -> Subscription<T> {
        Subscription {
            source: self.source,
            decode: Response::decode,
            end: self.end,
        }
    }
}

impl<T> Subscription<T> {
    /// The next result; `None` when the server has completed the operation. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Transport`] when the connection drops and is not made again, [`ErrorKind::Closed`] when the server
    /// closes it for good, [`ErrorKind::Timeout`] when the server is silent for too long, [`ErrorKind::Limit`] when a
    /// result is too large or too many wait to be taken, [`ErrorKind::Protocol`] when one is malformed. After an error
    /// there is nothing more.
    ///
    /// [`ErrorKind::Transport`]: crate::ErrorKind::Transport
    /// [`ErrorKind::Closed`]: crate::ErrorKind::Closed
    /// [`ErrorKind::Timeout`]: crate::ErrorKind::Timeout
    /// [`ErrorKind::Limit`]: crate::ErrorKind::Limit
    /// [`ErrorKind::Protocol`]: crate::ErrorKind::Protocol
    pub async fn next(&mut self) -> Option<Result<Response<T>, Error>> {
        poll_fn(|cx| self.poll_result(cx)).await
    }

    /// As [`next`](Self::next), and says too when the connection was made again.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn next_event(&mut self) -> Option<Result<Event<T>, Error>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// What the operation is called on a connection that it shares with others. `None` when it has one of its own.
    pub fn id(&self) -> Option<u64> {
        self.source.id()
    }

    /// How it ended; `None` as long as it has not, or nobody has read that far.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Ends the operation, as dropping it does, and waits for what there is to wait for.
    ///
    /// # Errors
    ///
    /// When it could not be told; the operation is over here all the same.
    pub async fn unsubscribe(self) -> Result<(), Error> {
        self.source.unsubscribe().await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event<T>, Error>>> {
        if self.end.is_some() {
            return Poll::Ready(None);
        }
        let event = match ready!(self.source.poll_event(cx)) {
            None => None,
            Some(Ok(Event::Reconnected(reconnected))) => Some(Ok(Event::Reconnected(reconnected))),
            Some(Ok(Event::Result(response))) => Some((self.decode)(response).map(Event::Result)),
            Some(Err(error)) => Some(Err(error)),
        };
        match &event {
            None => self.end = Some(End::Completed),
            Some(Err(error)) => self.end = Some(End::Failed(error.clone())),
            Some(Ok(_)) => {}
        }
        if self.end.is_some() {
            // The server need not go on for nobody.
            self.source = Box::new(Single(None));
        }
        Poll::Ready(event)
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Response<T>, Error>>> {
        loop {
            return Poll::Ready(match ready!(self.poll_event(cx)) {
                None => None,
                Some(Ok(Event::Result(response))) => Some(Ok(response)),
                Some(Ok(Event::Reconnected(_))) => continue,
                Some(Err(error)) => Some(Err(error)),
            });
        }
    }
}

/// The results, without notices.
impl<T> Stream for Subscription<T> {
    type Item = Result<Response<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_result(cx)
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// One response, or nothing more.
struct Single(Option<Box<Response>>);

impl Source for Single {
    fn poll_event(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        Poll::Ready(self.0.take().map(|response| Ok(Event::Result(*response))))
    }
}
