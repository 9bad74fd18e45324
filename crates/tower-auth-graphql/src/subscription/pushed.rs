//! Results in the body of one answer.

use super::{Event, Source};
use crate::{
    Error, Response,
    response::{Sent, StreamJudge},
};
use std::task::{Context, Poll, ready};
use tower_auth_core::NotAuthenticated;

/// Takes results out of a body.
pub(crate) trait Pushed: Send {
    /// The next one; `None` when the server has completed the operation.
    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Response>, Error>>;
}

/// Results that are judged as they come, the first one before the head of the answer is handed on.
pub(crate) struct Results<P> {
    pushed: P,
    judge: Box<StreamJudge>,
    /// Was looked at, and is still to be given out.
    first: Option<Option<Result<Response, Error>>>,
    done: bool,
}

impl<P: Pushed> Results<P> {
    pub(crate) fn new(pushed: P, judge: StreamJudge) -> Self {
        Self {
            pushed,
            judge: Box::new(judge),
            first: None,
            done: false,
        }
    }

    /// Waits for the first result, judges it, and leaves it where it is.
    pub(crate) fn poll_first(
        &mut self,
        sent: &Sent,
        cx: &mut Context<'_>,
    ) -> Poll<Option<NotAuthenticated>> {
        if self.first.is_none() {
            self.first = Some(ready!(self.poll_result(cx)));
        }
        Poll::Ready(match &mut self.first {
            Some(Some(Ok(first))) => self.judge.inspect(first, sent),
            _ => None,
        })
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Response, Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(first);
        }
        if self.done {
            return Poll::Ready(None);
        }
        let result = ready!(self.pushed.poll_result(cx)).transpose();
        self.done = !matches!(result, Some(Ok(_)));
        Poll::Ready(result.map(|result| {
            result.map(|mut response| {
                self.judge.note(&mut response);
                response
            })
        }))
    }
}

impl<P: Pushed> Source for Results<P> {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        let result = ready!(self.poll_result(cx));
        Poll::Ready(result.map(|result| result.map(Event::Result)))
    }
}
