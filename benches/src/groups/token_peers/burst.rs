//! Many tasks that wait for one token.

use super::{
    super::floors::TOKEN,
    peers::{authorizer, huskarl_response},
};
use crate::{Body, BoxError, Subject, get};
use http::{Request, Response, header::AUTHORIZATION};
use huskarl::{
    cache::{TokenError, TokenSource},
    core::platform::MaybeSendBoxFuture,
    grant::core::TokenResponse,
};
use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    future::{Future, Ready, poll_fn, ready},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Notify,
    task::{LocalSet, spawn_local},
};
use tower_auth_core::AuthError;
use tower_auth_token::{Fetched, Token, TokenAuth};
use tower_layer::Layer as _;
use tower_service::Service;

/// Ours: the layer.
pub(super) fn ours(tasks: usize) -> Result<impl Subject + 'static, BoxError> {
    let endpoint = Arc::new(Endpoint::default());
    let asked = Arc::clone(&endpoint);
    let auth = TokenAuth::bearer(move || {
        let asked = Arc::clone(&asked);
        async move {
            asked.answer().await;
            let hour = Duration::from_secs(3600);
            Ok::<_, AuthError>(Fetched::new(Token::from(TOKEN)).lifetime(hour))
        }
    });
    let cache = auth.cache().clone();
    let sent = Sent::default();
    let service = auth.layer(sent.clone());
    Ok(Burst {
        tasks,
        endpoint,
        sent,
        forget: move || cache.forget(),
        send: move |request| {
            let mut service = service.clone();
            async move {
                let ready = poll_fn(|cx| service.poll_ready(cx)).await;
                ready.expect("a service that is always ready");
                service.call(request).await.expect("an answer");
            }
        },
        runtime: runtime()?,
        requests: Vec::new(),
    })
}

/// The peer: what a program does that uses huskarl.
pub(super) fn huskarl(tasks: usize) -> Result<impl Subject + 'static, BoxError> {
    let endpoint = Arc::new(Endpoint::default());
    let authorizer = Rc::new(authorizer(Issuer(Arc::clone(&endpoint))));
    let cache = Rc::clone(&authorizer);
    let sent = Sent::default();
    let service = sent.clone();
    Ok(Burst {
        tasks,
        endpoint,
        sent,
        forget: move || cache.invalidate(),
        send: move |mut request: Request<Body>| {
            let (authorizer, mut service) = (Rc::clone(&authorizer), service.clone());
            async move {
                let headers = authorizer.get_headers(request.method(), request.uri());
                let headers = headers.await.expect("a token");
                request.headers_mut().extend(headers);
                service.call(request).await.expect("an answer");
            }
        },
        runtime: runtime()?,
        requests: Vec::new(),
    })
}

struct Issuer(Arc<Endpoint>);

impl TokenSource for Issuer {
    fn token(&self) -> MaybeSendBoxFuture<'_, Result<Arc<TokenResponse>, TokenError>> {
        Box::pin(async {
            self.0.answer().await;
            Ok(Arc::new(huskarl_response()))
        })
    }
}

fn runtime() -> Result<Runtime, BoxError> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Answers when everybody waits.
#[derive(Default)]
struct Endpoint {
    asked: AtomicUsize,
    everybody: Notify,
}

impl Endpoint {
    async fn answer(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.everybody.notified().await;
    }
}

/// The innermost service: keeps the requests.
#[derive(Clone, Default)]
struct Sent(Rc<RefCell<Vec<Request<Body>>>>);

impl Service<Request<Body>> for Sent {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.borrow_mut().push(request);
        ready(Ok(Response::new(())))
    }
}

/// Tasks of one thread. In a call the token is forgotten, all of them ask for one, and each sends its request with it.
struct Burst<F, S> {
    tasks: usize,
    endpoint: Arc<Endpoint>,
    sent: Sent,
    forget: F,
    send: S,
    runtime: Runtime,
    /// Those of each call.
    requests: Vec<Vec<Request<Body>>>,
}

impl<F, S, T> Subject for Burst<F, S>
where
    F: Fn(),
    S: Fn(Request<Body>) -> T,
    T: Future<Output = ()> + 'static,
{
    fn prepare(&mut self, calls: usize) {
        self.endpoint.asked.store(0, Ordering::Relaxed);
        let mut sent = self.sent.0.borrow_mut();
        sent.clear();
        sent.reserve(calls * self.tasks);
        let requests = || (0..self.tasks).map(|_| get()).collect();
        self.requests = (0..calls).map(|_| requests()).collect();
    }

    fn run(&mut self) {
        for requests in std::mem::take(&mut self.requests) {
            (self.forget)();
            let missing = Rc::new(Cell::new(self.tasks));
            let burst = async {
                let tasks: Vec<_> = requests
                    .into_iter()
                    .map(|request| {
                        let (missing, endpoint) = (Rc::clone(&missing), Arc::clone(&self.endpoint));
                        let send = (self.send)(request);
                        spawn_local(async move {
                            missing.set(missing.get() - 1);
                            if missing.get() == 0 {
                                endpoint.everybody.notify_one();
                            }
                            send.await;
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.expect("a task that only sends a request");
                }
            };
            LocalSet::new().block_on(&self.runtime, burst);
        }
    }

    fn outcome(&self) -> String {
        let sent = self.sent.0.borrow();
        let asked = self.endpoint.asked.load(Ordering::Relaxed);
        let mut outcome = format!(
            "{} requests, the endpoint was asked {asked} times",
            sent.len()
        );
        for request in &*sent {
            let value = request.headers()[AUTHORIZATION].as_bytes();
            outcome.push_str(&format!("\n{}", value.escape_ascii()));
        }
        outcome
    }
}
