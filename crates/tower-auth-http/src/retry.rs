//! How often to try, after what, and how long.

use crate::{Body, HttpClient, HttpError, HttpErrorKind, retry_after};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use std::time::Duration;
use tower_auth_core::Clock;

/// When a request is sent again that was not answered, or was told to come back later. A value: cheap to clone.
///
/// A request that **certainly did not run** (no connection could be made) is always worth another try. One that may
/// have run is sent again only when it is [`repeatable`](Self::repeatable): so it is after an answer of 5xx other than
/// 501 (a gateway's 504 says nothing about what ran behind it). After 429 and 503, which say that it did not run, any
/// request is tried again. The pause is what its `Retry-After` says if that is not longer than the longest pause; a
/// longer one is the caller's to wait for, so that answer is returned.
///
/// Pauses double, up to the longest, and each is shortened by up to half at random, so that many programs that failed
/// together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use tower_auth_http::Retry;
///
/// let rules = Retry::new(3).pause(Duration::from_millis(100)).repeatable();
/// # let _ = rules;
/// ```
#[derive(Clone, Debug)]
pub struct Retry {
    attempts: u32,
    pause: Duration,
    longest_pause: Duration,
    total: Duration,
    repeatable: bool,
    clock: Clock,
}

impl Retry {
    /// At most so many attempts, the first included. One attempt is always made. Pauses of 200 ms to 5 s, two minutes in
    /// all, and no request twice that may have run.
    pub fn new(attempts: u32) -> Self {
        Self {
            attempts: attempts.max(1),
            pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(5),
            total: Duration::from_secs(120),
            repeatable: false,
            clock: Clock::system(),
        }
    }

    /// One attempt.
    pub fn never() -> Self {
        Self::new(1)
    }

    /// The pause before the second attempt. Default: 200 ms.
    #[must_use]
    pub fn pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// The longest pause before any attempt. Default: 5 s.
    #[must_use]
    pub fn longest_pause(self, longest_pause: Duration) -> Self {
        Self {
            longest_pause,
            ..self
        }
    }

    /// After this time no further attempt is begun. Default: 2 minutes.
    #[must_use]
    pub fn total(self, total: Duration) -> Self {
        Self { total, ..self }
    }

    /// The request does no harm when it runs twice.
    #[must_use]
    pub fn repeatable(self) -> Self {
        Self {
            repeatable: true,
            ..self
        }
    }

    /// The clock that `Retry-After` is read by.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Sends a request by these rules. It is made anew for every attempt, which is told its number (from 1), so that
    /// what is signed has the time of its attempt. `also` picks further answers that are worth another try.
    ///
    /// # Errors
    ///
    /// That of the last attempt; or of making a request, at once. The last answer is returned whatever it is.
    pub async fn send<E: From<HttpError>>(
        &self,
        client: &HttpClient,
        mut make: impl FnMut(u32) -> Result<Request<Body>, E>,
        also: impl Fn(&Response<Bytes>) -> bool,
    ) -> Result<Response<Bytes>, E> {
        let begun = self.clock.monotonic();
        let mut pause = self.pause.min(self.longest_pause);
        let mut attempt = 1;
        loop {
            let result = client.send(make(attempt)?).await;
            let wait = match &result {
                Ok(response) => self.after_answer(response, also(response), pause),
                Err(error) => self.after_failure(error).then(|| jittered(pause)),
            };
            let Some(wait) = wait.filter(|_| attempt < self.attempts) else {
                return Ok(result?);
            };
            let passed = self.clock.monotonic().saturating_duration_since(begun);
            if passed.saturating_add(wait) > self.total
                || tokio::runtime::Handle::try_current().is_err()
            {
                return Ok(result?);
            }
            tracing::debug!(attempt, "no answer that helps: trying again");
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(self.longest_pause);
            attempt += 1;
        }
    }

    fn after_failure(&self, error: &HttpError) -> bool {
        match error.kind() {
            HttpErrorKind::Connect => true,
            HttpErrorKind::Tls | HttpErrorKind::TooLarge | HttpErrorKind::Redirected => false,
            _ => self.repeatable,
        }
    }

    fn after_answer(
        &self,
        response: &Response<Bytes>,
        also: bool,
        pause: Duration,
    ) -> Option<Duration> {
        let status = response.status();
        let busy = match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => true,
            StatusCode::NOT_IMPLEMENTED => false,
            status => self.repeatable && status.is_server_error(),
        };
        if !busy && !also {
            return None;
        }
        match retry_after(response.headers(), self.clock.now()) {
            Some(asked) if asked > self.longest_pause => None,
            Some(asked) => Some(asked.max(jittered(pause))),
            None => Some(jittered(pause)),
        }
    }
}

/// Between half of it and all of it.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0; 4];
    match getrandom::fill(&mut random) {
        Ok(()) => {
            let share = f64::from(u32::from_ne_bytes(random)) / f64::from(u32::MAX);
            pause.mul_f64(0.5 + share / 2.0)
        }
        Err(_) => pause, // no randomness, and no reason not to wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io,
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
    };

    type Made = Result<Response<Body>, io::Error>;

    /// A client that answers as told, and how often it was asked.
    fn scripted(
        answer: impl Fn(u32) -> Made + Clone + Send + 'static,
    ) -> (HttpClient, Arc<AtomicU32>) {
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        let service = tower::service_fn(move |_: Request<Body>| {
            let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
            std::future::ready(answer(number))
        });
        (HttpClient::new(service), count)
    }

    async fn send(rules: &Retry, client: &HttpClient) -> Result<Response<Bytes>, HttpError> {
        let make = |_| Ok(Request::new(Body::empty()));
        rules.send(client, make, |_| false).await
    }

    fn status(status: u16) -> Made {
        Ok(Response::builder()
            .status(status)
            .body(Body::empty())
            .unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn what_did_not_run_is_sent_again_and_what_may_have_run_only_when_it_may() {
        let kinds = [
            (io::ErrorKind::ConnectionRefused, 3, 3),
            (io::ErrorKind::ConnectionReset, 1, 3),
        ];
        for (kind, careful, bold) in kinds {
            let (client, count) = scripted(move |_| Err(kind.into()));
            assert!(send(&Retry::new(3), &client).await.is_err());
            assert_eq!(count.swap(0, Ordering::Relaxed), careful, "{kind}");
            assert!(send(&Retry::new(3).repeatable(), &client).await.is_err());
            assert_eq!(count.load(Ordering::Relaxed), bold, "{kind}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_server_is_asked_again_after_the_time_that_it_names() {
        let busy = |number| match number {
            1 => Ok(Response::builder()
                .status(503)
                .header("retry-after", "3")
                .body(Body::empty())
                .unwrap()),
            2 => status(429),
            _ => status(200),
        };
        let (client, count) = scripted(busy);
        let begun = tokio::time::Instant::now();
        let answer = send(&Retry::new(5), &client).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), count.load(Ordering::Relaxed)),
            (200, 3)
        );
        assert!(begun.elapsed() >= Duration::from_secs(3));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_wants_a_long_rest_gets_it_from_the_caller() {
        let (client, count) = scripted(|_| {
            Ok(Response::builder()
                .status(503)
                .header("retry-after", "600")
                .body(Body::empty())
                .unwrap())
        });
        let answer = send(&Retry::new(5), &client).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), count.load(Ordering::Relaxed)),
            (503, 1)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_answer_is_returned_whatever_it_is() {
        let (client, count) = scripted(|_| status(500));
        let rules = Retry::new(2).repeatable();
        let answer = send(&rules, &client).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), count.load(Ordering::Relaxed)),
            (500, 2)
        );
        // It may have run.
        let (client, count) = scripted(|_| status(504));
        send(&Retry::new(5), &client).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 1);
        let (client, count) = scripted(|_| status(501));
        send(&Retry::new(5).repeatable(), &client).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }
}
