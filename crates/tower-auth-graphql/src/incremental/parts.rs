//! The parts of a stream, off the wire.

use super::{Splitter, boundary_of};
use crate::{BoxError, Error, incoming::Incoming, response::StreamJudge, settings::Settings};
use bytes::Bytes;
use http::response;
use http_body::Body;
use std::{
    fmt,
    future::poll_fn,
    task::{Context, Poll, ready},
};

/// A `multipart/mixed` answer: one JSON text after the other, as they come. Dropping it ends the request.
pub struct Parts {
    incoming: Incoming,
    splitter: Splitter,
    judge: Box<StreamJudge>,
    /// Was looked at, and is still to be given out.
    first: Option<Option<Result<Bytes, Error>>>,
    done: bool,
}

impl Parts {
    pub(crate) fn new<B>(
        parts: &response::Parts,
        body: B,
        settings: &Settings,
        deadline: Option<tokio::time::Instant>,
    ) -> Result<Self, Error>
    where
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let boundary = boundary_of(parts)?;
        Ok(Self {
            incoming: Incoming::new(body, Some(settings.response_size), settings.idle_timeout)
                .until(deadline),
            splitter: Splitter::new(&boundary, settings.part_size),
            judge: Box::new(StreamJudge::new(settings.detector.clone(), parts)),
            first: None,
            done: false,
        })
    }

    /// The next part; `None` after the closing delimiter. Empty parts are left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Transport`](crate::ErrorKind::Transport) when the stream is cut off, [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) when it is silent for too long or not complete in time,
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) when a part or the whole is too large, [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) when it is malformed. After
    /// an error there is nothing more.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Waits for the first part, and leaves it where it is. `None` when there is none.
    pub(crate) fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.first.is_none() {
            self.first = Some(ready!(self.poll_next(cx)));
        }
        Poll::Ready(match &self.first {
            Some(Some(Ok(part))) => Some(part.clone()),
            _ => None,
        })
    }

    pub(crate) fn judge(&self) -> &StreamJudge {
        &self.judge
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(first);
        }
        if self.done {
            return Poll::Ready(None);
        }
        let next = ready!(self.poll_part(cx)).transpose();
        self.done = !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            match self.splitter.next_part()? {
                Some(part) if part.trim_ascii().is_empty() => continue,
                Some(part) => return Poll::Ready(Ok(Some(part))),
                None if self.splitter.is_end() => return Poll::Ready(Ok(None)),
                None => {}
            }
            let data = ready!(self.incoming.poll(cx))?;
            self.splitter.push(&data)?;
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
