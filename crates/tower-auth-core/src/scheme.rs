//! What an authentication scheme is: two halves, *get credentials* and *put them on the request*.

use crate::{AuthError, Mode, RequestHead, ResponseHead};
use http::{HeaderName, Request};
use std::{
    convert::Infallible,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

/// Now, or later.
#[derive(Debug)]
pub enum Step<T, F> {
    /// At hand.
    Ready(T),
    /// Has to be waited for.
    Wait(F),
}

/// A way to authenticate requests, whatever their body.
///
/// This half gets hold of credentials; it may wait, and knows nothing of bodies. The other half, [`Authorize`], puts
/// them on the request, and leaves what sees the response: [`Observe`]. A service owns its scheme, and is cloned with it:
/// clones should be cheap.
///
/// # Writing one
///
/// A scheme whose credentials never change takes its associated types from [`fixed_scheme!`](crate::fixed_scheme),
/// and one line of [`scheme!`](crate::scheme) makes it a layer and a term of sums, in any crate:
///
/// ```
/// use http::{HeaderName, HeaderValue, Request};
/// use tower_auth_core::{AuthError, Authorize, Basic, Claim, Scheme, insert_header, fixed_scheme, scheme};
///
/// static X_TENANT: HeaderName = HeaderName::from_static("x-tenant");
///
/// /// Sends `X-Tenant: <name>`.
/// #[derive(Clone, Debug)]
/// struct Tenant(HeaderValue);
///
/// impl Scheme for Tenant {
///     fixed_scheme!();
///     fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
///         visit(Claim::Header(&X_TENANT));
///     }
/// }
///
/// impl<B> Authorize<B> for Tenant {
///     fn authorize(&self, _: (), request: &mut Request<B>) -> Result<(), AuthError> {
///         insert_header(request.headers_mut(), X_TENANT.clone(), self.0.clone())
///     }
/// }
///
/// scheme!(key Tenant);
///
/// let sum = Tenant(HeaderValue::from_static("acme")) + Basic::new("user", "password")?;
/// # Ok::<(), AuthError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an authentication scheme",
    note = "a builder becomes one when it is built: `.build()?`",
    note = "a scheme of your own implements `Scheme`, and one line of `scheme!` beside it makes it a layer"
)]
pub trait Scheme: Clone {
    /// [`Fixed`](crate::Fixed) when credentials are always at hand and never change, else
    /// [`Deferred`](crate::Deferred). It picks the service at compile time.
    type Mode: Mode;

    /// The credentials for one request; `()` when they never change.
    type Credentials;

    /// What is kept of them while the request is in flight: enough to make sense of the response. `()` when responses
    /// are of no interest.
    type Sent: Observe;

    /// Future of the credentials; [`Never`] when none is ever needed.
    type Acquire: Future<Output = Result<Self::Credentials, AuthError>>;

    /// Gets hold of credentials for this request: at once when they are at hand.
    ///
    /// `refused` is what was kept of the first try when that was [refused](Verdict::Refused) and the request is to be
    /// sent once more: a scheme may have learned from the refusal what this very request needs. A scheme that wraps
    /// others hands each of them its part.
    ///
    /// A scheme whose mode is [`Fixed`](crate::Fixed) always answers [`Step::Ready`], and is never refused.
    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, Self::Acquire>;

    /// The same, for the first try of a service: it owns its scheme, which may remember what it saw last, and find it
    /// again without a lock or an atomic operation. By default [`acquire`](Self::acquire), which costs more at most.
    ///
    /// What it gives out may stand for what it remembers, so it goes to the [`authorize`](Authorize::authorize) of this
    /// very value, not of a clone, and before this is called again. The service sees to that.
    ///
    /// A scheme that wraps others passes it on.
    #[inline]
    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        self.acquire(request, None)
    }

    /// Whether another try with `next` would carry the same as the one of which `sent` was kept.
    ///
    /// Asked before a refused request is sent once more. When it is so, it is not sent: the caller gets the refusal.
    /// `false` for a scheme that signs every try afresh and makes something of a refusal.
    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool;

    /// Tells which parts of the request this scheme writes.
    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>));
}

/// A [`Scheme`] that can authenticate requests with a body of type `B`.
///
/// Most schemes do so for every `B`. One that has to read the body says so in its bound, and then the compiler refuses
/// a client whose body cannot be read.
pub trait Authorize<B>: Scheme {
    /// Puts the credentials on the request, right before it is sent: timestamps, nonces and signatures are made here.
    /// Answers with what is kept of them for the response.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when this request cannot carry them. It is not sent then.
    fn authorize(
        &self,
        credentials: Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<Self::Sent, AuthError>;
}

/// What is kept of a request in flight. It sees the response.
pub trait Observe {
    /// Sees the head of the response: to learn a nonce or the server's time, to drop a token that was refused, and to say
    /// whether other credentials could do better.
    ///
    /// Never called for schemes whose mode is [`Fixed`](crate::Fixed), nor for requests that went out without the
    /// scheme's credentials.
    fn observe(&self, response: ResponseHead<'_>) -> Verdict;
}

impl Observe for () {
    #[inline]
    fn observe(&self, _: ResponseHead<'_>) -> Verdict {
        Verdict::Accepted
    }
}

/// Every part sees the response.
impl<L: Observe, R: Observe> Observe for (L, R) {
    #[inline]
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        self.0.observe(response).or(self.1.observe(response))
    }
}

impl<T: Observe> Observe for Option<T> {
    #[inline]
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        match self {
            Some(sent) => sent.observe(response),
            None => Verdict::Accepted,
        }
    }
}

/// What a scheme makes of a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing to do.
    Accepted,
    /// The credentials were refused, and another try with others is worthwhile. It is made only when
    /// [`replay`](crate::SchemeExt::replay) was asked for.
    Refused,
}

impl Verdict {
    /// Refused when either is.
    pub fn or(self, other: Self) -> Self {
        if self == Self::Refused { self } else { other }
    }
}

/// A part of the request that a scheme writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Claim<'a> {
    /// A header.
    Header(&'a HeaderName),
    /// A query parameter, by its decoded name.
    Query(&'a str),
}

impl fmt::Display for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header `{name}`"),
            Self::Query(name) => write!(f, "query parameter `{name}`"),
        }
    }
}

/// A future that cannot exist: the [`Scheme::Acquire`] of schemes that never wait.
pub struct Never<T> {
    never: Infallible,
    output: PhantomData<fn() -> T>,
}

impl<T> Future for Never<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        match self.never {}
    }
}

impl<T> fmt::Debug for Never<T> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = self.output;
        match self.never {}
    }
}

/// The parts of [`Scheme`] that are the same for every scheme whose credentials never change.
///
/// Goes inside `impl Scheme for …`; only [`claims`](Scheme::claims) is left to write. See [`Scheme`] for an example.
#[macro_export]
macro_rules! fixed_scheme {
    () => {
        type Mode = $crate::Fixed;
        type Credentials = ();
        type Sent = ();
        type Acquire = $crate::Never<::std::result::Result<(), $crate::AuthError>>;

        fn acquire(
            &self,
            _: $crate::RequestHead<'_>,
            _: ::std::option::Option<&()>,
        ) -> $crate::Step<(), Self::Acquire> {
            $crate::Step::Ready(())
        }

        fn is_same(&self, (): &(), (): &()) -> bool {
            true
        }
    };
}
