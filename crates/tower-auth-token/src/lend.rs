//! How schemes hold a cache: they remember what they saw last.

use crate::{Acquire, Cache, Current, Source, ValueId, current::Entry};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tower_auth_core::{AuthError, ErrorKind, Step};

/// A handle on a cache that remembers which value it saw last: what a scheme holds whose credentials expire.
///
/// While that value is the current one and good, a request costs a look at the clock and at one shared number that
/// changes with the value. A clone shares the cache and remembers nothing. A handle keeps the value that it saw last in
/// memory until it is used again or dropped, also when the cache was told to forget it; it never lends it then.
///
/// A scheme of your own over a cache, in full:
///
/// ```
/// use http::{HeaderName, HeaderValue, Request};
/// use tower_auth_core::{
///     AuthError, Authorize, Claim, Deferred, RequestHead, Scheme, SchemeExt, Step, insert_header, scheme,
/// };
/// use tower_auth_token::{AcquireLoan, Cache, Demand, Failure, Fetched, Lender, Loan, SentToken, Source};
///
/// static X_SESSION: HeaderName = HeaderName::from_static("x-session");
///
/// /// Sends `X-Session: <session>`, and gets another session when the server answers 401.
/// #[derive(Clone)]
/// struct Session(Lender<Issuer>);
///
/// struct Issuer;
///
/// impl Source for Issuer {
///     type Value = HeaderValue;
///
///     async fn fetch(&self, _: Demand<HeaderValue>) -> Result<Fetched<HeaderValue>, Failure> {
///         Ok(Fetched::new(HeaderValue::from_static("s1"))) // asked of somebody
///     }
/// }
///
/// impl Scheme for Session {
///     type Mode = Deferred;
///     type Credentials = Loan<HeaderValue>;
///     type Sent = SentToken;
///     type Acquire = AcquireLoan<HeaderValue>;
///
///     fn acquire(&self, _: RequestHead<'_>, _: Option<&SentToken>) -> Step<Self::Credentials, Self::Acquire> {
///         self.0.lend()
///     }
///     fn acquire_mut(&mut self, _: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
///         self.0.lend_mut()
///     }
///     fn is_same(&self, sent: &SentToken, next: &Self::Credentials) -> bool {
///         self.0.is_same(sent.id(), next)
///     }
///     fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
///         visit(Claim::Header(&X_SESSION));
///     }
/// }
///
/// impl<B> Authorize<B> for Session {
///     fn authorize(&self, loan: Self::Credentials, request: &mut Request<B>) -> Result<SentToken, AuthError> {
///         let (session, id) = self.0.value(&loan)?;
///         insert_header(request.headers_mut(), X_SESSION.clone(), session.clone())?;
///         Ok(SentToken::new(id))
///     }
/// }
///
/// scheme!(key Session);
///
/// # use {http::Response, std::convert::Infallible, tower::{Layer, ServiceExt}};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let http = tower::service_fn(async |request: Request<()>| {
/// #     Ok::<_, Infallible>(Response::new(request.headers()["x-session"].clone()))
/// # });
/// let session = Session(Lender::new(Cache::new(Issuer)));
/// let client = session.only_to("https://api.example.com")?.layer(http);
/// let response = client.oneshot(Request::get("https://api.example.com/").body(())?).await?;
/// assert_eq!(response.into_body(), "s1");
/// # Ok(())
/// # }
/// ```
pub struct Lender<S: Source> {
    cache: Cache<S>,
    seen: Option<Arc<Entry<S::Value>>>,
}

impl<S: Source> Lender<S> {
    /// A handle on this cache.
    pub fn new(cache: Cache<S>) -> Self {
        Self { cache, seen: None }
    }

    /// The cache.
    pub fn cache(&self) -> &Cache<S> {
        &self.cache
    }

    /// The value, for one request: at once when there is a good one. Fits
    /// [`Scheme::acquire`](tower_auth_core::Scheme::acquire).
    pub fn lend(&self) -> Step<Loan<S::Value>, AcquireLoan<S::Value>> {
        match self.cache.acquire() {
            Step::Ready(current) => Step::Ready(Loan(Some(current))),
            Step::Wait(acquire) => Step::Wait(AcquireLoan(acquire)),
        }
    }

    /// The same, remembering it. Fits [`Scheme::acquire_mut`](tower_auth_core::Scheme::acquire_mut).
    #[inline(always)] // less code than to pass its result on
    pub fn lend_mut(&mut self) -> Step<Loan<S::Value>, AcquireLoan<S::Value>> {
        match &self.seen {
            Some(seen) if self.cache.is_current(seen) => Step::Ready(Loan(None)),
            _ => self.look(),
        }
    }

    #[inline(never)]
    fn look(&mut self) -> Step<Loan<S::Value>, AcquireLoan<S::Value>> {
        self.seen = None;
        let step = self.lend();
        if let Step::Ready(Loan(Some(current))) = &step {
            self.seen = Some(Arc::clone(current.entry()));
        }
        step
    }

    /// The value that was lent, and its name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] when another handle lent it, and this one remembers nothing.
    #[inline]
    pub fn value<'a>(
        &'a self,
        loan: &'a Loan<S::Value>,
    ) -> Result<(&'a S::Value, ValueId), AuthError> {
        match (&loan.0, &self.seen) {
            (Some(current), _) => Ok((current, current.id())),
            (None, Some(seen)) => Ok((seen.value(), seen.id())),
            (None, None) => Err(not_ours()),
        }
    }

    /// Whether the loan is of this value.
    pub fn is_same(&self, id: ValueId, loan: &Loan<S::Value>) -> bool {
        self.value(loan).is_ok_and(|(_, lent)| lent == id)
    }
}

#[cold]
fn not_ours() -> AuthError {
    AuthError::new(
        ErrorKind::Credentials,
        "these credentials were lent by another handle; authorize a request with the scheme that they were acquired of",
    )
}

impl<S: Source> Clone for Lender<S> {
    fn clone(&self) -> Self {
        Self::new(self.cache.clone())
    }
}

impl<S: Source> fmt::Debug for Lender<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cache.fmt(f)
    }
}

/// A value of a [`Lender`], for one request; `None` stands for the one that the lender remembers, which is not even
/// counted. To be used before anything else is lent.
pub struct Loan<V>(Option<Current<V>>);

impl<V> fmt::Debug for Loan<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loan").finish_non_exhaustive()
    }
}

/// Waits for what a [`Lender`] lends. Dropping it affects nobody else who waits.
#[must_use = "futures do nothing unless polled"]
pub struct AcquireLoan<V>(Acquire<V>);

impl<V: Send + Sync + 'static> Future for AcquireLoan<V> {
    type Output = Result<Loan<V>, AuthError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let current = ready!(Pin::new(&mut self.get_mut().0).poll(cx))?;
        Poll::Ready(Ok(Loan(Some(current))))
    }
}

impl<V> fmt::Debug for AcquireLoan<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireLoan").finish_non_exhaustive()
    }
}
