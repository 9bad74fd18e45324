//! A clock that is off is noticed, and corrected.

use crate::{Credentials, SessionToken, holder::Identity, timestamp::parse_http_date};
use http::{HeaderMap, StatusCode, header, uri::Authority};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant as Monotonic, SystemTime},
};
use tower_auth_core::{
    AuthError, Clock, Deferred, Observe, RequestHead, ResponseHead, Step, Verdict,
};

/// An identity that knows how far the clock of this machine is off, from the `Date` of responses.
///
/// AWS refuses signatures whose time is more than 5 (S3: 15) minutes off. Every response says what the time is there.
/// When it differs by 4 minutes or more, requests to that host are signed with its time from then on, until a response
/// shows that the clock has been set right. A request that was refused (400, 401, 403) although the time it was signed
/// with turns out to have been off by as much is worth sending again; with [`replay`](tower_auth_core::SchemeExt::replay)
/// it is, once.
///
/// Responses from a cache (with `Age`), and those that took more than 15 minutes, say nothing.
///
/// From [`SigV4::correct_clock`](crate::SigV4::correct_clock). Without it the clock is believed.
#[derive(Clone)]
pub struct ClockCorrected<I> {
    inner: I,
    offsets: Offsets,
}

/// By how many seconds the servers of these hosts are ahead of the clock.
#[derive(Clone, Debug, Default)]
struct Offsets(Arc<Mutex<Vec<(Authority, i64)>>>);

/// How far off is off, in seconds.
const OFF: u64 = 4 * 60;
/// After that long, a response says nothing of the time at which it was sent.
const SLOW: Duration = Duration::from_secs(15 * 60);
/// For how many hosts an offset is remembered.
const HOSTS: usize = 64;

/// What [`ClockCorrected`] lends.
#[derive(Clone, Debug)]
pub struct Timed<L> {
    inner: L,
    host: Option<Authority>,
    ahead: i64,
    sent: (SystemTime, Monotonic),
}

impl<I> ClockCorrected<I> {
    pub(crate) fn new(inner: I) -> Self {
        Self {
            inner,
            offsets: Offsets::default(),
        }
    }
}

impl Offsets {
    fn find(&self, host: Option<&Authority>) -> i64 {
        let offsets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = offsets.iter().find(|(of, _)| Some(of) == host);
        found.map_or(0, |(_, ahead)| *ahead)
    }

    fn remember(&self, host: &Authority, ahead: i64) {
        let mut offsets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        offsets.retain(|(of, _)| of != host);
        if ahead != 0 {
            if offsets.len() >= HOSTS {
                offsets.remove(0);
            }
            offsets.push((host.clone(), ahead));
        }
    }
}

impl<I: Identity> crate::holder::sealed::Sealed for ClockCorrected<I> {}

impl<I: Identity> Identity for ClockCorrected<I> {
    type Mode = Deferred;
    type Loan = Timed<I::Loan>;
    type Sent = SentTimed<I::Sent>;
    type Acquire = AcquireTimed<I::Acquire>;

    fn acquire(&self, request: RequestHead<'_>, clock: &Clock) -> Step<Self::Loan, Self::Acquire> {
        let host = request.uri.authority().cloned();
        let ahead = self.offsets.find(host.as_ref());
        match self.inner.acquire(request, clock) {
            Step::Ready(inner) => Step::Ready(Timed {
                inner,
                host,
                ahead,
                sent: (clock.now(), clock.monotonic()),
            }),
            Step::Wait(inner) => Step::Wait(AcquireTimed {
                inner,
                host,
                ahead,
                clock: clock.clone(),
            }),
        }
    }

    fn credentials<'a>(&'a self, loan: &'a Self::Loan) -> &'a Credentials {
        self.inner.credentials(&loan.inner)
    }

    fn session_token(&self, loan: &Self::Loan) -> Option<SessionToken> {
        self.inner.session_token(&loan.inner)
    }

    fn ahead(&self, loan: &Self::Loan) -> i64 {
        loan.ahead
    }

    fn sent(&self, loan: Self::Loan, clock: &Clock) -> Self::Sent {
        SentTimed {
            loan: Timed {
                inner: self.inner.sent(loan.inner, clock),
                host: loan.host,
                ahead: loan.ahead,
                sent: loan.sent,
            },
            offsets: self.offsets.clone(),
            clock: clock.clone(),
        }
    }
}

/// When a request was signed with [`ClockCorrected`], and with which time.
#[derive(Clone, Debug)]
pub struct SentTimed<T> {
    loan: Timed<T>,
    offsets: Offsets,
    clock: Clock,
}

impl<T: Observe> Observe for SentTimed<T> {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        let Self {
            loan,
            offsets,
            clock,
        } = self;
        let mut verdict = loan.inner.observe(response);
        if let (Some(host), Some(ahead)) = (&loan.host, measured(loan, response.headers, clock)) {
            if ahead != offsets.find(Some(host)) {
                tracing::debug!(seconds = ahead, "correcting the time of signatures");
                offsets.remember(host, ahead);
            }
            // Judged by what this request was signed with: of many that were refused at once, each is worth another try.
            let refused = matches!(
                response.status,
                StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
            );
            if refused && ahead.abs_diff(loan.ahead) >= OFF {
                verdict = verdict.or(Verdict::Refused);
            }
        }
        verdict
    }
}

/// By how many seconds the server is ahead of the clock, as far as it matters.
fn measured<L>(loan: &Timed<L>, headers: &HeaderMap, clock: &Clock) -> Option<i64> {
    if headers.contains_key(header::AGE) {
        return None;
    }
    let date = parse_http_date(headers.get(header::DATE)?.as_bytes())?;
    let took = clock.monotonic().saturating_duration_since(loan.sent.1);
    if took > SLOW {
        return None;
    }
    let between = loan.sent.0.checked_add(took / 2)?;
    let ahead = match date.duration_since(between) {
        Ok(ahead) => i64::try_from(ahead.as_secs()).ok()?,
        Err(behind) => -i64::try_from(behind.duration().as_secs()).ok()?,
    };
    Some(if ahead.unsigned_abs() >= OFF {
        ahead
    } else {
        0
    })
}

pin_project! {
    /// Future of [`Timed`] credentials.
    pub struct AcquireTimed<F> {
        #[pin]
        inner: F,
        host: Option<Authority>,
        ahead: i64,
        clock: Clock,
    }
}

impl<F, L> Future for AcquireTimed<F>
where
    F: Future<Output = Result<L, AuthError>>,
{
    type Output = Result<Timed<L>, AuthError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = ready!(this.inner.poll(cx))?;
        Poll::Ready(Ok(Timed {
            inner,
            host: this.host.take(),
            ahead: *this.ahead,
            sent: (this.clock.now(), this.clock.monotonic()),
        }))
    }
}

impl<F> fmt::Debug for AcquireTimed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireTimed").finish_non_exhaustive()
    }
}

impl<I: fmt::Debug> fmt::Debug for ClockCorrected<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClockCorrected").field(&self.inner).finish()
    }
}
