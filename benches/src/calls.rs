//! Requests through a layer, down to a wire that keeps them.

use crate::{BoxError, Subject};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use std::{
    cell::RefCell,
    fmt,
    future::Future,
    hint::black_box,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tower_layer::Layer;
use tower_service::Service;

/// The body of every request here.
pub type Body = Full<Bytes>;

/// The innermost service: keeps requests as they are sent, and answers at once.
///
/// It costs next to nothing, and requests are dropped outside of the timed region, so what a layer costs is not diluted.
#[derive(Clone, Debug, Default)]
pub struct Wire(Rc<RefCell<Vec<Request<Body>>>>);

impl Service<Request<Body>> for Wire {
    type Response = Response<()>;
    type Error = BoxError;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    #[inline(never)]
    fn call(&mut self, request: Request<Body>) -> Answer {
        self.0.borrow_mut().push(request);
        Answer::ok()
    }
}

/// As small as the future of a real client, and like there the response comes into being when it is polled.
#[derive(Debug)]
pub struct Answer {
    status: u16,
}

impl Answer {
    /// 200.
    pub fn ok() -> Self {
        Self { status: 200 }
    }
}

impl Future for Answer {
    type Output = Result<Response<()>, BoxError>;

    #[inline(never)] // nobody inlines a real client
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(self.status)?;
        Poll::Ready(Ok(response))
    }
}

/// A [`Subject`]: requests through one service.
pub struct Calls<S> {
    service: S,
    wire: Wire,
    request: fn() -> Request<Body>,
    requests: Vec<Request<Body>>,
}

impl<S> Calls<S> {
    /// Requests made by `request`, through `layer`.
    pub fn new<L>(layer: L, request: fn() -> Request<Body>) -> Self
    where
        L: Layer<Wire, Service = S>,
    {
        let wire = Wire::default();
        Self {
            service: layer.layer(wire.clone()),
            wire,
            request,
            requests: Vec::new(),
        }
    }
}

impl<S> Subject for Calls<S>
where
    S: Service<Request<Body>>,
    S::Error: fmt::Debug,
{
    fn prepare(&mut self, calls: usize) {
        let mut wire = self.wire.0.borrow_mut();
        wire.clear();
        wire.reserve(calls);
        self.requests.clear();
        self.requests.reserve(calls);
        self.requests.extend((0..calls).map(|_| (self.request)()));
    }

    fn run(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        for request in self.requests.drain(..) {
            // The compiler must not know more about the service than it would in a program.
            let service = black_box(&mut self.service);
            assert!(service.poll_ready(&mut cx).is_ready());
            let future = pin!(service.call(request));
            assert!(matches!(
                black_box(future.poll(&mut cx)),
                Poll::Ready(Ok(_))
            ));
        }
    }

    fn outcome(&self) -> String {
        let wire = self.wire.0.borrow();
        let Some(request) = wire.last() else {
            return String::new();
        };
        let mut lines: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.as_bytes().escape_ascii()))
            .collect();
        lines.sort();
        lines.insert(0, format!("{} {}", request.method(), request.uri()));
        lines.join("\n")
    }
}

impl<S> fmt::Debug for Calls<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}

/// A request as an API client sends it: a query, and three headers, in a header map with room for more.
pub fn get() -> Request<Body> {
    Request::get("https://api.example.com/v1/items?page=2&sort=name")
        .header("accept", "application/json")
        .header("user-agent", "benches/0.1")
        .header("x-request-id", "3f0e6c1c-7d0a-4a3e-9d7b-0d6b5b2f9a11")
        .body(Body::default())
        .expect("a constant request")
}
