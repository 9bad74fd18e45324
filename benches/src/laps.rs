//! The same request again and again, as fast as one thread can.

use crate::{Answer, Body, BoxError, Laps};
use http::Request;
use std::{
    cell::Cell,
    fmt,
    future::Future,
    hint::black_box,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tower_layer::Layer;
use tower_service::Service;

/// The innermost service: hands the request back for the next lap, so that nothing but the layer is measured.
#[derive(Clone, Default)]
pub struct Ring(Rc<Cell<Option<Request<Body>>>>);

impl Service<Request<Body>> for Ring {
    type Response = http::Response<()>;
    type Error = BoxError;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    #[inline(never)]
    fn call(&mut self, request: Request<Body>) -> Answer {
        self.0.set(Some(request));
        Answer::ok()
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}

/// A service around a ring of requests.
pub struct Track<S> {
    service: S,
    ring: Ring,
}

impl<S> Track<S> {
    /// Laps of the request that `request` makes, through `layer`.
    pub fn new<L>(layer: &L, request: fn() -> Request<Body>) -> Self
    where
        L: Layer<Ring, Service = S>,
    {
        let ring = Ring::default();
        ring.0.set(Some(request()));
        Self {
            service: layer.layer(ring.clone()),
            ring,
        }
    }
}

impl<S> Laps for Track<S>
where
    S: Service<Request<Body>>,
    S::Error: fmt::Debug,
{
    fn run(&mut self, laps: usize) {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..laps {
            let request = self.ring.0.take().expect("came back from the last lap");
            let service = black_box(&mut self.service);
            assert!(service.poll_ready(&mut cx).is_ready());
            let future = pin!(service.call(request));
            assert!(matches!(
                black_box(future.poll(&mut cx)),
                Poll::Ready(Ok(_))
            ));
        }
    }
}

impl<S> fmt::Debug for Track<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Track").finish_non_exhaustive()
    }
}
