//! A GraphQL query next to the same JSON sent with hyper-util by hand, over loopback.

use crate::{BoxError, Case, Group, Subject};
use bytes::Bytes;
use http::{
    Request,
    header::{ACCEPT, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, Serialize};
use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
};
use tower_auth_graphql::{Body, Client as GraphQl};

pub(super) const GROUP: Group = Group::new("graphql", cases);

const QUERY: &str = "query Items($page: Int!) { items(page: $page) { id name } }";

fn cases() -> Result<Vec<Case>, BoxError> {
    let mut cases = Vec::new();
    for (name, items) in [("1 item", 1), ("200 items, 8 KB", 200)] {
        let name = format!("a GraphQL query, {name}: the same JSON with hyper-util");
        cases.push(Case::new(
            format!("{name}, loopback, HTTP/1.1"),
            ours(items)?,
            peer(items, None)?,
        ));
        // What nobody goes without in a program.
        let timeout = Some(Duration::from_secs(30));
        cases.push(Case::new(
            format!("{name}, with the same time-out"),
            ours(items)?,
            peer(items, timeout)?,
        ));
    }
    Ok(cases)
}

#[derive(Serialize)]
struct Variables {
    page: u32,
}

#[derive(Deserialize)]
struct Data {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: u64,
    name: String,
}

fn ours(items: usize) -> Result<impl Subject + 'static, BoxError> {
    let (runtime, uri, seen) = server(items)?;
    let http: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    let client = GraphQl::builder(uri)?.build(http);
    Ok(Queries {
        runtime,
        seen,
        calls: 0,
        last: 0,
        call: async move || {
            let call = client.query(QUERY).variables(Variables { page: 2 });
            call.data::<Data>().await.expect("an answer")
        },
    })
}

fn peer(items: usize, timeout: Option<Duration>) -> Result<impl Subject + 'static, BoxError> {
    #[derive(Serialize)]
    struct Operation {
        query: &'static str,
        variables: Variables,
    }
    #[derive(Deserialize)]
    struct Answer {
        data: Data,
    }

    let (runtime, uri, seen) = server(items)?;
    let uri: http::Uri = uri.parse()?;
    let http: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    Ok(Queries {
        runtime,
        seen,
        calls: 0,
        last: 0,
        call: async move || {
            let variables = Variables { page: 2 };
            let json = serde_json::to_vec(&Operation {
                query: QUERY,
                variables,
            })
            .expect("JSON");
            let request = Request::post(uri.clone())
                .header(
                    ACCEPT,
                    "application/graphql-response+json, application/json;q=0.9",
                )
                .header(CONTENT_TYPE, "application/json")
                .body(Full::from(json))
                .expect("a constant request");
            let exchange = async {
                let response = http.request(request).await.expect("an answer");
                let body = response.into_body().collect().await.expect("a body");
                body.to_bytes()
            };
            let body = match timeout {
                None => exchange.await,
                Some(timeout) => tokio::time::timeout(timeout, exchange)
                    .await
                    .expect("in time"),
            };
            serde_json::from_slice::<Answer>(&body).expect("JSON").data
        },
    })
}

/// Queries, one after the other, over a connection that is kept alive.
struct Queries<F> {
    runtime: Runtime,
    seen: Seen,
    calls: usize,
    last: u64,
    call: F,
}

impl<F: AsyncFn() -> Data> Subject for Queries<F> {
    fn prepare(&mut self, calls: usize) {
        self.calls = calls;
    }

    fn run(&mut self) {
        self.last = self.runtime.block_on(async {
            let mut last = 0;
            for _ in 0..self.calls {
                let data = (self.call)().await;
                last = data
                    .items
                    .iter()
                    .map(|item| item.id + item.name.len() as u64)
                    .sum();
            }
            last
        });
    }

    fn outcome(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<_> = seen
            .lines()
            .filter(|line| !line.starts_with("host:") && !line.is_empty())
            .collect();
        lines.sort_unstable();
        format!("{}\n{}", lines.join("\n"), self.last)
    }
}

/// The last request.
type Seen = Arc<Mutex<String>>;

fn server(items: usize) -> Result<(Runtime, String, Seen), BoxError> {
    let mut body = String::from(r#"{"data":{"items":["#);
    for id in 0..items {
        let comma = if id == 0 { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"id":{id},"name":"the name of item {id}"}}"#
        )?;
    }
    body.push_str("]}}");
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // One thread for both ends. With two, a query takes 18 or 70 us according to whether the other thread has gone to
    // sleep when it is needed: 2 us of doing nothing between two queries of bare hyper is enough for the latter.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let uri = format!("http://{}/graphql", listener.local_addr()?);
    let seen = Seen::default();
    let answer: Arc<str> = answer.into();
    let keep = Arc::clone(&seen);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&keep)));
        }
    });
    Ok((runtime, uri, seen))
}

/// Answers every request, on one connection. A request ends with the `}` of its JSON.
async fn serve(mut stream: TcpStream, answer: Arc<str>, seen: Seen) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&buffer[..read]);
        if request.ends_with(b"}}") {
            {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.clear();
                seen.push_str(&String::from_utf8_lossy(&request));
            }
            request.clear();
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}
