//! A real GraphQL server (async-graphql on axum), and raw ones that answer whatever a test wants.
#![allow(dead_code, unreachable_pub)] // each test file is a crate of its own and uses its part

use async_graphql::{
    Context, EmptySubscription, Error, ErrorExtensions as _, Object, Result, Schema, Upload,
    extensions::apollo_persisted_queries::{ApolloPersistedQueries, LruCacheStorage},
};
use async_graphql_axum::{GraphQLBatchRequest, GraphQLResponse};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::get,
};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower_auth_graphql::Body;

pub type Http = Hyper<HttpConnector, Body>;

pub fn http() -> Http {
    Hyper::builder(TokioExecutor::new()).build_http()
}

/// What the server counts and checks.
#[derive(Default)]
pub struct Shared {
    pub requests: AtomicUsize,
    pub mutations: AtomicUsize,
    pub logins: AtomicUsize,
    pub renewals: AtomicUsize,
    /// Tokens that are accepted; when there are none, everybody is.
    pub tokens: Mutex<Option<HashSet<String>>>,
    pub last: Mutex<HeaderMap>,
    pub last_method: Mutex<String>,
}

impl Shared {
    pub fn accept(&self, token: &str) {
        let mut tokens = self.tokens.lock().unwrap();
        tokens.get_or_insert_default().insert(token.to_owned());
    }

    pub fn revoke_all(&self) {
        *self.tokens.lock().unwrap() = Some(HashSet::new());
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let last = self.last.lock().unwrap();
        Some(last.get(name)?.to_str().unwrap().to_owned())
    }
}

/// Whether this request has a token that is accepted.
#[derive(Clone)]
struct Accepted(bool);

/// When not, the field is null and has an error of its own.
fn guard(ctx: &Context<'_>) -> bool {
    let accepted = ctx.data_unchecked::<Accepted>().0;
    if !accepted {
        let error = Error::new("log in first");
        add(
            ctx,
            error.extend_with(|_, e| e.set("code", "UNAUTHENTICATED")),
        );
    }
    accepted
}

fn add(ctx: &Context<'_>, error: Error) {
    ctx.add_error(ctx.set_error_path(error.into_server_error(ctx.item.pos)));
}

pub struct Query;

#[Object]
impl Query {
    async fn hello(&self, name: Option<String>) -> String {
        format!("hello {}", name.unwrap_or_else(|| "world".to_owned()))
    }

    async fn big(&self, size: usize) -> String {
        "x".repeat(size)
    }

    async fn fails(&self, ctx: &Context<'_>) -> Option<String> {
        add(ctx, Error::new("it fails"));
        None
    }

    async fn secret(&self, ctx: &Context<'_>) -> Option<String> {
        guard(ctx).then(|| "42".to_owned())
    }
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn count(&self, ctx: &Context<'_>) -> Option<usize> {
        let shared = ctx.data_unchecked::<Arc<Shared>>();
        guard(ctx).then(|| shared.mutations.fetch_add(1, SeqCst) + 1)
    }

    /// Counts, whoever asks.
    async fn count_anyway(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(ctx.data::<Arc<Shared>>()?.mutations.fetch_add(1, SeqCst) + 1)
    }

    async fn login(
        &self,
        ctx: &Context<'_>,
        name: String,
        password: String,
    ) -> Result<Option<Tokens>> {
        let shared = ctx.data::<Arc<Shared>>()?;
        let number = shared.logins.fetch_add(1, SeqCst) + 1;
        if (name.as_str(), password.as_str()) != ("alice", "open sesame") {
            return Ok(None);
        }
        Ok(Some(Tokens::issue(shared, format!("login-{number}"))))
    }

    async fn renew(&self, ctx: &Context<'_>, token: String) -> Result<Option<Tokens>> {
        let shared = ctx.data::<Arc<Shared>>()?;
        let number = shared.renewals.fetch_add(1, SeqCst) + 1;
        // A window in which others could come, if they were let.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if !token.starts_with("renew-") {
            return Ok(None);
        }
        Ok(Some(Tokens::issue(shared, format!("renewed-{number}"))))
    }

    async fn upload(&self, ctx: &Context<'_>, file: Upload) -> Result<Option<String>> {
        if !guard(ctx) {
            return Ok(None);
        }
        let upload = file.value(ctx)?;
        let content = String::from_utf8_lossy(&upload.content).into_owned();
        let kind = upload.content_type.unwrap_or_default();
        Ok(Some(format!("{} {kind} {content}", upload.filename)))
    }

    async fn uploads(&self, ctx: &Context<'_>, files: Vec<Upload>) -> Result<Vec<usize>> {
        let sizes = files
            .into_iter()
            .map(|file| Ok(file.value(ctx)?.content.len()));
        sizes.collect()
    }
}

#[derive(async_graphql::SimpleObject)]
pub struct Tokens {
    token: String,
    refresh: String,
}

impl Tokens {
    fn issue(shared: &Shared, token: String) -> Self {
        shared.accept(&token);
        let refresh = format!("renew-{token}");
        Self { token, refresh }
    }
}

type Served = (Schema<Query, Mutation, EmptySubscription>, Arc<Shared>);

/// Starts the server; the endpoint, and what it counts. With `persisted`, it knows persisted queries.
pub async fn graphql_server(persisted: bool) -> (String, Arc<Shared>) {
    let shared = Arc::new(Shared::default());
    let mut schema = Schema::build(Query, Mutation, EmptySubscription).data(Arc::clone(&shared));
    if persisted {
        schema = schema.extension(ApolloPersistedQueries::new(LruCacheStorage::new(100)));
    }
    let app = Router::new()
        .route("/graphql", get(by_get).post(by_post))
        .with_state((schema.finish(), Arc::clone(&shared)));
    (format!("{}/graphql", serve(app).await), shared)
}

async fn by_post(
    State((schema, shared)): State<Served>,
    headers: HeaderMap,
    request: GraphQLBatchRequest,
) -> Response {
    *shared.last_method.lock().unwrap() = "POST".to_owned();
    let accepted = accepted(&shared, &headers);
    let request = request.into_inner().data(Accepted(accepted));
    axum::Json(schema.execute_batch(request).await).into_response()
}

async fn by_get(
    State((schema, shared)): State<Served>,
    headers: HeaderMap,
    request: async_graphql_axum::GraphQLRequest,
) -> GraphQLResponse {
    *shared.last_method.lock().unwrap() = "GET".to_owned();
    let accepted = accepted(&shared, &headers);
    schema
        .execute(request.into_inner().data(Accepted(accepted)))
        .await
        .into()
}

fn accepted(shared: &Shared, headers: &HeaderMap) -> bool {
    shared.requests.fetch_add(1, SeqCst);
    *shared.last.lock().unwrap() = headers.clone();
    let token = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match &*shared.tokens.lock().unwrap() {
        Some(tokens) => token.is_some_and(|token| tokens.contains(token)),
        None => true,
    }
}

pub async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    origin
}

/// A server that reads a request and then writes these bytes, whatever was asked; closes when `close`.
pub async fn raw_server(answer: Vec<u8>, close: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let answer: Arc<[u8]> = answer.into();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_raw(stream, Arc::clone(&answer), close));
        }
    });
    format!("{origin}/graphql")
}

async fn answer_raw(mut stream: TcpStream, answer: Arc<[u8]>, close: bool) {
    let mut request = vec![0; 65_536];
    let mut read = 0;
    // The head is enough: what is asked does not matter.
    while !request[..read]
        .windows(4)
        .any(|window| window == b"\r\n\r\n")
    {
        match stream.read(&mut request[read..]).await {
            Ok(0) | Err(_) => return,
            Ok(more) => read += more,
        }
    }
    if stream.write_all(&answer).await.is_err() {
        return;
    }
    if !close {
        let _ = stream.read(&mut request).await;
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    }
}

/// An HTTP/1.1 answer with this body.
pub fn answer(status: u16, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// Answers like a gateway in front of a server.
pub fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}
