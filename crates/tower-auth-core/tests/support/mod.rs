//! What several tests need: strict inner services, and a scheme whose tokens are fetched.
#![allow(dead_code, unreachable_pub)] // each test file is a crate of its own and uses its part

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::Full;
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tower::Service;
use tower_auth_core::{
    AuthError, Authorize, Claim, Deferred, Observe, RequestHead, ResponseHead, Scheme, Step,
    Verdict, scheme,
};

pub type Body = Full<Bytes>;

pub fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::default()).unwrap()
}

/// Answers with the headers that it saw, and the URI as header `uri`.
pub async fn echo<B>(request: Request<B>) -> Result<Response<Body>, Infallible> {
    let mut response = Response::new(Body::default());
    *response.headers_mut() = request.headers().clone();
    response
        .headers_mut()
        .insert("uri", request.uri().to_string().parse().unwrap());
    Ok(response)
}

pub fn seen(response: &Response<Body>, name: &str) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(value.to_str().unwrap().to_owned())
}

/// Panics when called without having been polled ready; its clones are not ready.
pub struct Strict<S> {
    pub inner: S,
    pub ready: bool,
}

impl<S> Strict<S> {
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            ready: false,
        }
    }
}

impl<S: Clone> Clone for Strict<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl<R, S: Service<R>> Service<R> for Strict<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let poll = self.inner.poll_ready(cx);
        self.ready = poll.is_ready();
        poll
    }

    fn call(&mut self, request: R) -> S::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called before it was polled ready"
        );
        self.inner.call(request)
    }
}

/// A scheme with tokens `t1`, `t2`, … that take 5 ms to fetch: the smallest one that shows what `Deferred` promises.
#[derive(Clone, Debug, Default)]
pub struct Numbered(pub Arc<Issuer>);

/// Which token a request carries.
#[derive(Debug)]
pub struct SentNumber(Arc<Issuer>, usize);

#[derive(Debug, Default)]
pub struct Issuer {
    pub current: Mutex<Option<usize>>,
    pub issued: AtomicUsize,
    /// The server accepts tokens from this number on.
    pub accepted_from: AtomicUsize,
    /// The next fetches fail.
    pub broken: AtomicUsize,
    pub observed: AtomicUsize,
    /// Every token is the first one.
    pub same_again: AtomicBool,
}

impl Numbered {
    pub fn issued(&self) -> usize {
        self.0.issued.load(Ordering::SeqCst)
    }

    pub fn revoke(&self, up_to: usize) {
        self.0.accepted_from.store(up_to + 1, Ordering::SeqCst);
    }

    /// A server that accepts these tokens, answers 401 to all else, and echoes the body.
    pub fn server(
        &self,
    ) -> impl Service<
        Request<Body>,
        Response = Response<Body>,
        Error = Infallible,
        Future = impl Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
    > + Clone
    + Send
    + 'static {
        let issuer = Arc::clone(&self.0);
        Strict::new(tower::service_fn(move |request: Request<Body>| {
            let issuer = Arc::clone(&issuer);
            async move {
                let number = request
                    .headers()
                    .get(AUTHORIZATION)
                    .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer t")?.parse().ok());
                let from = issuer.accepted_from.load(Ordering::SeqCst).max(1);
                let mut response = Response::new(Body::default());
                if number.is_none_or(|number: usize| number < from) {
                    *response.status_mut() = StatusCode::UNAUTHORIZED;
                }
                *response.headers_mut() = request.headers().clone();
                *response.body_mut() = request.into_body();
                Ok(response)
            }
        }))
    }
}

impl Scheme for Numbered {
    type Mode = Deferred;
    type Credentials = usize;
    type Sent = SentNumber;
    type Acquire = Pin<Box<dyn Future<Output = Result<usize, AuthError>> + Send>>;

    fn acquire(&self, _: RequestHead<'_>, _: Option<&SentNumber>) -> Step<usize, Self::Acquire> {
        if let Some(current) = *self.0.current.lock().unwrap() {
            return Step::Ready(current);
        }
        let issuer = Arc::clone(&self.0);
        Step::Wait(Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            if issuer.broken.load(Ordering::SeqCst) > 0 {
                return Err(AuthError::new(
                    tower_auth_core::ErrorKind::Credentials,
                    "the issuer is down",
                ));
            }
            // Not single flight: whoever comes second takes what the first one fetched.
            let mut current = issuer.current.lock().unwrap();
            Ok(*current.get_or_insert_with(|| {
                let issued = issuer.issued.fetch_add(1, Ordering::SeqCst) + 1;
                if issuer.same_again.load(Ordering::SeqCst) {
                    1
                } else {
                    issued
                }
            }))
        }))
    }

    fn is_same(&self, sent: &SentNumber, next: &usize) -> bool {
        sent.1 == *next
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&AUTHORIZATION));
    }
}

impl<B> Authorize<B> for Numbered {
    fn authorize(&self, token: usize, request: &mut Request<B>) -> Result<SentNumber, AuthError> {
        let value = format!("Bearer t{token}").parse().unwrap();
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(SentNumber(Arc::clone(&self.0), token))
    }
}

impl Observe for SentNumber {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        let Self(issuer, sent) = self;
        issuer.observed.fetch_add(1, Ordering::SeqCst);
        if !response.is_unauthorized() {
            return Verdict::Accepted;
        }
        let mut current = issuer.current.lock().unwrap();
        if *current == Some(*sent) {
            *current = None;
        }
        Verdict::Refused
    }
}

scheme!(finisher Numbered);
