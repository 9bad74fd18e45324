//! The parts of a stream, off the wire.

use super::Splitter;
use crate::{BoxError, Error, ErrorKind, Limit, Timeout, service::Settings};
use bytes::{Buf, Bytes};
use http::{header::CONTENT_TYPE, response};
use http_body::Body;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::Sleep;

/// A `multipart/mixed` answer: one JSON text after the other, as they come. Dropping it ends the request.
pub struct Parts {
    body: Pin<Box<dyn PollData + Send>>,
    splitter: Splitter,
    left: usize,
    idle: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    done: bool,
}

impl Parts {
    pub(crate) fn new<B>(
        parts: &response::Parts,
        body: B,
        settings: &Settings,
    ) -> Result<Self, Error>
    where
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let value = parts
            .headers
            .get(CONTENT_TYPE)
            .map(|value| value.as_bytes());
        let boundary = boundary(value.unwrap_or_default())?;
        Ok(Self {
            body: Box::pin(Erased { body }),
            splitter: Splitter::new(&boundary, settings.part_size),
            left: settings.response_size,
            idle: settings.idle_timeout,
            sleep: None,
            done: false,
        })
    }

    /// The next part; `None` after the closing delimiter. Empty parts are left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Transport`] when the stream is cut off, [`ErrorKind::Timeout`] when it is silent for too long,
    /// [`ErrorKind::Limit`] when a part or the whole is too large, [`ErrorKind::Protocol`] when it is malformed. After
    /// an error there is nothing more.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let next = ready!(self.poll_part(cx)).transpose();
        self.sleep = None;
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
            let Poll::Ready(data) = self.body.as_mut().poll_data(cx) else {
                return self.poll_idle(cx).map(Err);
            };
            self.sleep = None;
            let Some(data) = data else {
                return Poll::Ready(Err(cut_off()));
            };
            let data = data.map_err(|error| cut_off().with_source(error))?;
            self.left = self.left.checked_sub(data.len()).ok_or_else(|| {
                Error::new(
                    ErrorKind::Limit(Limit::ResponseSize),
                    "the stream is larger than the limit; raise it with `max_response_size`",
                )
            })?;
            self.splitter.push(&data)?;
        }
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

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

fn cut_off() -> Error {
    Error::new(ErrorKind::Transport, "the stream was cut off")
}

/// The `boundary` of a content type; without one it is `-`.
fn boundary(content_type: &[u8]) -> Result<String, Error> {
    let invalid = || Error::protocol("the boundary of the stream is unusable");
    let text = std::str::from_utf8(content_type).map_err(|_| invalid())?;
    for parameter in text.split(';').skip(1) {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        if !name.trim().eq_ignore_ascii_case("boundary") {
            continue;
        }
        let value = value.trim();
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value);
        // RFC 2046 section 5.1.1.
        if value.is_empty()
            || value.len() > 70
            || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        {
            return Err(invalid());
        }
        return Ok(value.to_owned());
    }
    Ok("-".to_owned())
}

/// A body without its type.
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
        let mut body = self.project().body;
        loop {
            return Poll::Ready(match ready!(body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(mut data) => Some(Ok(data.copy_to_bytes(data.remaining()))),
                    Err(_) => continue, // trailers
                },
                Some(Err(error)) => Some(Err(error.into())),
                None => None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_may_be_quoted_or_absent() {
        let of = |text: &str| boundary(text.as_bytes()).ok();
        assert_eq!(
            of("multipart/mixed; boundary=\"-\";deferSpec=20220824").as_deref(),
            Some("-")
        );
        assert_eq!(
            of("multipart/mixed;deferSpec=1; Boundary=graphql").as_deref(),
            Some("graphql")
        );
        assert_eq!(of("multipart/mixed").as_deref(), Some("-"));
        assert_eq!(of("multipart/mixed; boundary="), None);
        assert_eq!(
            of(&format!("multipart/mixed; boundary={}", "x".repeat(71))),
            None
        );
    }
}
