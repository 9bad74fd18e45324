//! The service of schemes whose credentials may have to be fetched, and depend on what servers answered.

use super::{CloneService, access_inner};
use crate::{
    AuthError, Authorize, BoxError, Error, Observe, RequestHead, ResponseHead, Scheme, Step,
    Verdict,
    error::inner,
    replay::{NoReplay, Policy, Room},
    request_auth::authorize_given,
    scope::{Decision, Scope},
};
use http::{Extensions, HeaderMap, Method, Request, Response, Uri, Version};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_service::Service;

/// Puts credentials on requests that may have to be fetched first. See [`Deferred`](crate::Deferred).
///
/// While credentials are at hand, a request goes straight through, and nothing is allocated but the copy that
/// [`replay`](crate::SchemeExt::replay) asks for. When they are not, the request waits in the response future, without
/// holding on to what `poll_ready` reserved in the inner service; a failure to get them is an error of that future, never
/// of `poll_ready`.
#[derive(Clone, Debug)]
pub struct DeferredAuth<S, A, R = NoReplay> {
    pub(crate) inner: S,
    pub(crate) scheme: A,
    pub(crate) scope: Scope,
    pub(crate) replay: R,
}

impl<S, A, R> DeferredAuth<S, A, R> {
    access_inner!();
}

impl<S, A, R, B, T> Service<Request<B>> for DeferredAuth<S, A, R>
where
    S: Service<Request<B>, Response = Response<T>, Error: Into<BoxError>> + CloneService,
    A: Authorize<B>,
    R: Policy<B> + Clone,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = DeferredFuture<S, A, R, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(inner)
    }

    #[inline(never)] // what it is inlined into copies the request once more
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.scope.decide(&request) {
            Ok(Decision::Authorize) => {}
            Ok(Decision::Pass) => return DeferredFuture::unobserved(self.inner.call(request)),
            Ok(Decision::Given) => {
                return match authorize_given(&mut request) {
                    Ok(()) => DeferredFuture::unobserved(self.inner.call(request)),
                    Err(error) => DeferredFuture::unsent(error),
                };
            }
            Err(error) => return DeferredFuture::unsent(error),
        }
        match self.scheme.acquire_mut(RequestHead::from(&request)) {
            Step::Ready(credentials) => {
                let again = self.replay.copied(request.body(), |body| Again {
                    // A clone is not ready; it is polled ready before the second try.
                    service: self.inner.clone(),
                    scheme: self.scheme.clone(),
                    replay: self.replay.clone(),
                    spare: Spare::of(&request, body),
                });
                let sent = match self.scheme.authorize(credentials, &mut request) {
                    Ok(sent) => sent,
                    Err(error) => return DeferredFuture::unsent(error),
                };
                let future = self.inner.call(request);
                DeferredFuture {
                    state: State::Sent {
                        future,
                        sent: Some(sent),
                        again,
                    },
                }
            }
            Step::Wait(acquire) => {
                let service = self.inner.clone();
                // Whatever the ready service had reserved is given back while the request waits: getting credentials
                // may need that very permit. The request waits for a place of its own once it has them.
                self.inner = service.clone();
                // What is at hand already may be something that this very scheme remembers, so the request takes it
                // along; the service keeps a clone, which may have to look once more.
                let clone = self.scheme.clone();
                let scheme = mem::replace(&mut self.scheme, clone);
                DeferredFuture {
                    state: State::Acquire {
                        acquire: Box::pin(acquire),
                        parked: Some(Box::new(Parked {
                            service,
                            scheme,
                            replay: self.replay.clone(),
                            request,
                        })),
                        attempt: Attempt::First,
                    },
                }
            }
        }
    }
}

/// A copy of a request that was not authorized yet, in pieces: they are cloned to where they stay, and put together when
/// they are needed, which is seldom.
struct Spare<B> {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
    body: B,
}

impl<B> Spare<B> {
    #[inline(always)]
    fn of(request: &Request<B>, body: B) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            extensions: request.extensions().clone(),
            body,
        }
    }

    #[cold]
    fn request(self) -> Request<B> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers;
        *request.extensions_mut() = self.extensions;
        request
    }
}

/// All that is needed to send a request once more.
struct Again<S, A, R, B> {
    service: S,
    scheme: A,
    replay: R,
    spare: Spare<B>,
}

impl<S, A, R, B> Again<S, A, R, B> {
    fn park(self) -> Box<Parked<S, A, R, B>> {
        Box::new(Parked {
            service: self.service,
            scheme: self.scheme,
            replay: self.replay,
            request: self.spare.request(),
        })
    }
}

/// All that is needed to send a request, but credentials.
struct Parked<S, A, R, B> {
    service: S,
    scheme: A,
    replay: R,
    request: Request<B>,
}

/// Which try a request waits for. Only the first may be followed by another.
enum Attempt<K, T> {
    First,
    Last(Box<Refusal<K, T>>),
}

/// What came back for the first try: the answer, unless other credentials can be had.
struct Refusal<K, T> {
    sent: K,
    response: T,
}

type StateOf<S, A, R, B> =
    State<S, A, R, B, <S as Service<Request<B>>>::Future, <S as Service<Request<B>>>::Response>;

pin_project! {
    /// Response future of [`DeferredAuth`].
    #[must_use = "futures do nothing unless polled"]
    pub struct DeferredFuture<S, A, R, B>
    where
        S: Service<Request<B>>,
        A: Scheme,
        R: Policy<B>,
    {
        #[pin]
        state: State<S, A, R, B, S::Future, S::Response>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, A, R, B, F, T>
    where
        A: Scheme,
        R: Policy<B>,
    {
        // Waits for credentials.
        Acquire {
            acquire: Pin<Box<A::Acquire>>,
            parked: Option<Box<Parked<S, A, R, B>>>,
            attempt: Attempt<A::Sent, T>,
        },
        // Has credentials; waits for the service to be ready.
        Reserve {
            credentials: Option<A::Credentials>,
            parked: Option<Box<Parked<S, A, R, B>>>,
            first: bool,
        },
        Sent {
            #[pin]
            future: F,
            sent: Option<A::Sent>, // `None`: without this scheme's credentials
            again: R::Room<Again<S, A, R, B>>,
        },
        Unsent { error: Option<AuthError> },
    }
}

impl<S, A, R, B> DeferredFuture<S, A, R, B>
where
    S: Service<Request<B>>,
    A: Scheme,
    R: Policy<B>,
{
    fn unobserved(future: S::Future) -> Self {
        Self {
            state: State::Sent {
                future,
                sent: None,
                again: R::Room::of(None),
            },
        }
    }

    fn unsent(error: AuthError) -> Self {
        Self {
            state: State::Unsent { error: Some(error) },
        }
    }
}

impl<S, A, R, B, T> Future for DeferredFuture<S, A, R, B>
where
    S: Service<Request<B>, Response = Response<T>, Error: Into<BoxError>>,
    A: Authorize<B>,
    R: Policy<B>,
{
    type Output = Result<Response<T>, Error<S::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Acquire {
                    acquire,
                    parked,
                    attempt,
                } => {
                    let credentials = ready!(acquire.as_mut().poll(cx))?;
                    let parked = parked.take().expect("parked until credentials are here");
                    match reserve(parked, credentials, mem::replace(attempt, Attempt::First)) {
                        Ok(reserve) => reserve,
                        Err(refusal) => return Poll::Ready(Ok(refusal)),
                    }
                }
                StateProj::Reserve {
                    credentials,
                    parked,
                    first,
                } => {
                    let waiting = parked.as_mut().expect("parked until the service is ready");
                    ready!(waiting.service.poll_ready(cx)).map_err(inner)?;
                    let parked = parked.take().expect("checked above");
                    let credentials = credentials.take().expect("comes with the parked request");
                    send(*parked, credentials, *first)?
                }
                StateProj::Sent {
                    future,
                    sent,
                    again,
                } => {
                    // The response is looked at where it lies: to move it costs more than to look.
                    let polled = future.poll(cx);
                    let refused = match &polled {
                        Poll::Ready(Ok(response)) => {
                            let head = ResponseHead::from(response);
                            sent.observe(head) == Verdict::Refused
                                && again.is_full()
                                && head.may_replay()
                        }
                        _ => false,
                    };
                    let polled = polled.map_err(inner);
                    if !refused {
                        return polled;
                    }
                    let response = ready!(polled)?;
                    match try_again(sent.take(), again.take().map(Again::park), response) {
                        Ok(next) => next,
                        Err(refusal) => return Poll::Ready(Ok(refusal)),
                    }
                }
                StateProj::Unsent { error } => {
                    let error = error.take().expect("polled after completion");
                    return Poll::Ready(Err(Error::Auth(error)));
                }
            };
            state.set(next);
        }
    }
}

/// Gets other credentials for a request that was refused; or gives the response back.
#[cold]
fn try_again<S, A, R, B, T>(
    sent: Option<A::Sent>,
    again: Option<Box<Parked<S, A, R, B>>>,
    response: Response<T>,
) -> Result<StateOf<S, A, R, B>, Response<T>>
where
    S: Service<Request<B>, Response = Response<T>>,
    A: Scheme,
    R: Policy<B>,
{
    let (Some(sent), Some(again)) = (sent, again) else {
        return Err(response);
    };
    tracing::debug!(
        status = response.status().as_u16(),
        "credentials were refused: trying once more with others"
    );
    let request = RequestHead::from(&again.request);
    let step = again.scheme.acquire(request, Some(&sent));
    let attempt = Attempt::Last(Box::new(Refusal { sent, response }));
    match step {
        Step::Ready(credentials) => reserve(again, credentials, attempt),
        Step::Wait(acquire) => Ok(State::Acquire {
            acquire: Box::pin(acquire),
            parked: Some(again),
            attempt,
        }),
    }
}

/// Has a parked request wait for its service; or gives back the first try's response, when another one would carry the
/// same.
fn reserve<S, A, R, B>(
    parked: Box<Parked<S, A, R, B>>,
    credentials: A::Credentials,
    attempt: Attempt<A::Sent, S::Response>,
) -> Result<StateOf<S, A, R, B>, S::Response>
where
    S: Service<Request<B>>,
    A: Scheme,
    R: Policy<B>,
{
    let first = match attempt {
        Attempt::First => true,
        Attempt::Last(refusal) if parked.scheme.is_same(&refusal.sent, &credentials) => {
            tracing::debug!("no other credentials could be had");
            return Err(refusal.response);
        }
        Attempt::Last(_) => false,
    };
    Ok(State::Reserve {
        credentials: Some(credentials),
        parked: Some(parked),
        first,
    })
}

/// Sends a parked request through its service, which is ready.
fn send<S, A, R, B>(
    parked: Parked<S, A, R, B>,
    credentials: A::Credentials,
    first: bool,
) -> Result<StateOf<S, A, R, B>, AuthError>
where
    S: Service<Request<B>>,
    A: Authorize<B>,
    R: Policy<B>,
{
    let Parked {
        mut service,
        scheme,
        replay,
        mut request,
    } = parked;
    let spare = if first {
        let mut spare = replay.copied(request.body(), |body| Spare::of(&request, body));
        spare.take()
    } else {
        None
    };
    let sent = scheme.authorize(credentials, &mut request)?;
    let future = service.call(request);
    let again = spare.map(|spare| Again {
        service,
        scheme,
        replay,
        spare,
    });
    Ok(State::Sent {
        future,
        sent: Some(sent),
        again: R::Room::of(again),
    })
}

impl<S, A, R, B> fmt::Debug for DeferredFuture<S, A, R, B>
where
    S: Service<Request<B>>,
    A: Scheme,
    R: Policy<B>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeferredFuture").finish_non_exhaustive()
    }
}
