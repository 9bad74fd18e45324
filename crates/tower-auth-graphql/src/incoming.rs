//! The body of an answer that is a stream: guarded against silence, and against size where it has one.

use crate::{BoxError, Error, ErrorKind, Limit, Timeout, pace::Pace};
use bytes::{Buf, Bytes};
use http_body::Body;
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::Sleep;

/// A body without its type.
pub(crate) struct Incoming {
    body: Pin<Box<dyn PollData + Send>>,
    /// How much more may come.
    left: Option<usize>,
    idle: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// When all of it has to be there.
    end: Option<Pin<Box<Sleep>>>,
    pace: Pace,
}

impl Incoming {
    pub(crate) fn new<B>(body: B, limit: Option<usize>, idle: Option<Duration>) -> Self
    where
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            body: Box::pin(Erased { body }),
            left: limit,
            idle,
            sleep: None,
            end: None,
            pace: Pace::default(),
        }
    }

    /// All of it has to be there by then.
    #[cfg(feature = "incremental")]
    pub(crate) fn until(mut self, deadline: Option<tokio::time::Instant>) -> Self {
        self.end = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        self
    }

    /// More of the body. Its end is an error: whoever asks knows that there should be more.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        // Where data are always at hand, nothing else would ever end it.
        if self.pace.poll_turn(cx).is_pending() {
            return self.poll_end(cx).map(Err);
        }
        let data = loop {
            let Poll::Ready(data) = self.body.as_mut().poll_data(cx) else {
                self.pace.rest();
                return match self.poll_end(cx) {
                    Poll::Pending => self.poll_idle(cx),
                    ended => ended,
                }
                .map(Err);
            };
            let cut_off = || Error::new(ErrorKind::Transport, "the stream was cut off");
            let data = match data {
                Some(Ok(data)) => data,
                Some(Err(error)) => return Poll::Ready(Err(cut_off().with_source(error))),
                None => return Poll::Ready(Err(cut_off())),
            };
            self.pace.piece(data.len())?;
            if !data.is_empty() {
                break data;
            }
        };
        self.sleep = None;
        if let Some(left) = &mut self.left {
            match left.checked_sub(data.len()) {
                Some(rest) => *left = rest,
                None => {
                    return Poll::Ready(Err(Error::new(
                        ErrorKind::Limit(Limit::ResponseSize),
                        "the stream is larger than the limit; raise it with `max_response_size`",
                    )));
                }
            }
        }
        Poll::Ready(Ok(data))
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let Some(end) = &mut self.end else {
            return Poll::Pending;
        };
        end.as_mut().poll(cx).map(|()| {
            Error::new(
                ErrorKind::Timeout(Timeout::Answer),
                "the answer was not complete in time; give it longer with `timeout`",
            )
        })
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let Some(idle) = self.idle else {
            return Poll::Pending;
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        sleep.as_mut().poll(cx).map(|()| {
            Error::new(
                ErrorKind::Timeout(Timeout::Idle),
                "the stream was silent for too long; allow more with `idle_timeout`",
            )
        })
    }
}

trait PollData {
    fn poll_data(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>>;
}

pin_project! {
    struct Erased<B> {
        #[pin]
        body: B,
    }
}

impl<B> PollData for Erased<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    fn poll_data(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        Poll::Ready(match ready!(self.project().body.poll_frame(cx)) {
            Some(Ok(frame)) => Some(Ok(match frame.into_data() {
                Ok(mut data) => data.copy_to_bytes(data.remaining()),
                Err(_) => Bytes::new(), // trailers
            })),
            Some(Err(error)) => Some(Err(error.into())),
            None => None,
        })
    }
}
