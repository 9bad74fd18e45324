//! Drives the server of `interop/graphql-yoga`; its origin is the argument. The exit code is 0 when all is as expected.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use std::process::ExitCode;
use tower_auth_graphql::{
    AuthFailure, Body, Client, ErrorKind, GraphQlLogin, GraphQlService, Reply, Request, Upload,
};
use tower_auth_token::TokenAuth;
use tower_service::Service;

/// What a client is over.
trait Stack:
    Service<
        http::Request<Body>,
        Response = http::Response<Reply>,
        Error: Into<tower_auth_graphql::BoxError>,
        Future: Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Stack for S where
    S: Service<
            http::Request<Body>,
            Response = http::Response<Reply>,
            Error: Into<tower_auth_graphql::BoxError>,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Default)]
struct Checks {
    passed: usize,
    failed: usize,
}

impl Checks {
    fn check<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, got: T, expected: T) {
        if got == expected {
            self.passed += 1;
            println!("ok    {what}");
        } else {
            self.failed += 1;
            println!("FAIL  {what}: got {got:?}, expected {expected:?}");
        }
    }
}

fn http() -> Hyper<HttpConnector, Body> {
    Hyper::builder(TokioExecutor::new()).build_http()
}

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let origin = std::env::args()
        .nth(1)
        .ok_or("the origin of the server is missing")?;
    let mut checks = Checks::default();
    requests(&origin, &mut checks).await?;
    uploads(&origin, &mut checks).await?;
    streams(&origin, &mut checks).await?;
    both_formats(&origin, &mut checks).await?;
    streams_with_login(&origin, &mut checks).await?;
    login(&origin, &mut checks).await?;
    collective_access(&origin, &mut checks).await?;
    println!("{} passed, {} failed", checks.passed, checks.failed);
    Ok(if checks.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn requests(origin: &str, checks: &mut Checks) -> Result<(), BoxError> {
    let endpoint = format!("{origin}/graphql");
    let client = Client::builder(endpoint.as_str())?.build(http());
    let call = client
        .query("query($n: String) { hello(name: $n) }")
        .variables(json!({"n": "ü"}));
    checks.check(
        "a query with variables",
        call.data::<Value>().await?,
        json!({"hello": "hello ü"}),
    );
    let call = client
        .query("query($n: String) { hello(name: $n) }")
        .variables(json!({"n": "&="}))
        .get();
    checks.check(
        "a query by GET",
        call.data::<Value>().await?,
        json!({"hello": "hello &="}),
    );
    let response = client.query("{ hello fails }").send::<Value>().await?;
    checks.check(
        "partial data",
        response.data,
        Some(json!({"hello": "hello world", "fails": null})),
    );
    checks.check(
        "and their error",
        response.errors[0].message.as_str(),
        "it fails",
    );
    let error = client
        .query("{ nothing }")
        .data::<Value>()
        .await
        .err()
        .map(|error| error.kind());
    checks.check("a query that is invalid", error, Some(ErrorKind::GraphQl));
    let page = Client::builder(format!("{origin}/page"))?.build(http());
    let error = page.query("{ a }").data::<Value>().await.err();
    let seen = error.map(|error| (error.kind(), error.status().map(|status| status.as_u16())));
    checks.check(
        "a page of a gateway",
        seen,
        Some((ErrorKind::Transport, Some(502))),
    );

    let batch = client
        .batch([Request::new("{ hello }"), Request::new("{ fails }")])
        .send()
        .await?;
    checks.check(
        "a batch",
        batch.iter().map(|response| response.errors.len()).collect(),
        vec![0, 1],
    );
    let large = std::iter::repeat_n(Request::new("{ hello }"), 4);
    let error = client
        .batch(large)
        .send()
        .await
        .err()
        .map(|error| error.kind());
    checks.check("a batch that is too large", error, Some(ErrorKind::GraphQl));

    for get in [false, true] {
        let mut builder = Client::builder(endpoint.as_str())?.persisted_queries();
        if get {
            builder = builder.get_queries(2047);
        }
        let client = builder.build(http());
        let before = requests_seen(origin).await?;
        let document = if get { "{ hello hello }" } else { "{ hello }" };
        for _ in 0..3 {
            client.query(document).data::<Value>().await?;
        }
        let what = if get {
            "a persisted query by GET"
        } else {
            "a persisted query"
        };
        checks.check(what, requests_seen(origin).await? - before - 1, 4);
    }
    Ok(())
}

/// How many requests the server has seen, this one among them.
async fn requests_seen(origin: &str) -> Result<u64, BoxError> {
    let client = Client::builder(format!("{origin}/graphql"))?.build(http());
    let data: Value = client.query("{ counts }").data().await?;
    let counts: Value = serde_json::from_str(data["counts"].as_str().unwrap_or_default())?;
    counts["requests"].as_u64().ok_or_else(|| "no count".into())
}

async fn uploads(origin: &str, checks: &mut Checks) -> Result<(), BoxError> {
    let client = Client::builder(format!("{origin}/graphql"))?.build(http());
    let file = Upload::bytes("text")
        .file_name("a.txt")
        .content_type("text/plain")?;
    let call = client
        .query("mutation($f: File!) { upload(file: $f) }")
        .upload("variables.f", file);
    checks.check(
        "a file",
        call.data::<Value>().await?["upload"].clone(),
        json!("a.txt text/plain text"),
    );
    let stream = Upload::open(None, || Full::new(Bytes::from(vec![b'x'; 300_000])));
    let call = client
        .query("mutation($f: [File!]!) { uploads(files: $f) }")
        .variables(json!({"f": [null, null, null]}))
        .upload("variables.f.0", stream)
        .upload_at(["variables.f.1", "variables.f.2"], Upload::bytes("12345"));
    let sizes = call.data::<Value>().await?["uploads"].clone();
    checks.check(
        "several files, one of them in two places",
        sizes,
        json!([300_000, 5, 5]),
    );
    Ok(())
}

/// Which of the two formats the server answers with: both are asked for.
async fn incremental_format(
    client: &Client<impl Stack>,
    document: &'static str,
) -> Result<&'static str, BoxError> {
    let both = "multipart/mixed;incrementalSpec=v0.2, multipart/mixed;deferSpec=20220824";
    let call = client
        .query(document)
        .header(http::header::ACCEPT, both.parse()?);
    let Reply::Stream(mut parts) = call.reply().await?.into_body() else {
        return Ok("none");
    };
    let first = parts.next().await.ok_or("no part")??;
    let first: Value = serde_json::from_slice(&first)?;
    Ok(if first.get("pending").is_some() {
        "of today, with `pending` (incrementalSpec=v0.2)"
    } else {
        "of 2022, with paths (deferSpec=20220824)"
    })
}

async fn streams(origin: &str, checks: &mut Checks) -> Result<(), BoxError> {
    let client = Client::builder(format!("{origin}/graphql"))?.build(http());
    let document = "{ film { title ... on Film @defer { reviews } } }";
    let format = incremental_format(&client, document).await?;
    println!("      @defer comes in the format {format}");
    let mut response = client.query(document).stream().await?;
    response.update().await?;
    let first = response.data().cloned();
    checks.check(
        "@defer: at first",
        first,
        Some(json!({"film": {"title": "Metropolis"}})),
    );
    let whole = response.finish::<Value>().await?;
    let film = json!({"film": {"title": "Metropolis", "reviews": ["good", "long"]}});
    checks.check("@defer: in the end", whole.data, Some(film));
    let whole = client
        .query("{ numbers @stream(initialCount: 1) }")
        .stream()
        .await?;
    let whole = whole.finish::<Value>().await?;
    checks.check("@stream", whole.data, Some(json!({"numbers": [1, 2, 3]})));
    let whole = client
        .query("{ hello }")
        .stream()
        .await?
        .finish::<Value>()
        .await?;
    checks.check(
        "nothing is deferred",
        whole.data,
        Some(json!({"hello": "hello world"})),
    );
    let call = client.query("subscription { countdown(from: 3) }");
    let mut events = call.subscribe().await?;
    let mut seen = Vec::new();
    while let Some(response) = events.next().await {
        let data: Value = response?.into_data()?.decode()?;
        seen.push(data["countdown"].clone());
    }
    checks.check(
        "a subscription over SSE",
        seen,
        vec![json!(3), json!(2), json!(1)],
    );
    Ok(())
}

/// What is put together of parts has to be what the server answers when nothing is deferred, in either format.
async fn both_formats(origin: &str, checks: &mut Checks) -> Result<(), BoxError> {
    const DOCUMENTS: [(&str, &str); 6] = [
        (
            "@defer",
            "query($d: Boolean!) { film { title ... @defer(if: $d, label: \"r\") { reviews } } }",
        ),
        (
            "@defer of what is there in part",
            "query($d: Boolean!) { film { director { name } ... @defer(if: $d) { title director { name age } } } }",
        ),
        (
            "@defer in @defer",
            "query($d: Boolean!) { film { ... @defer(if: $d) { title director { name ... @defer(if: $d) { age } } } } }",
        ),
        (
            "@defer in a list",
            "query($d: Boolean!) { films { title ... @defer(if: $d) { reviews director { age } } } }",
        ),
        (
            "@stream",
            "query($d: Boolean!) { numbers @stream(if: $d, initialCount: 2) }",
        ),
        (
            "@defer in @stream",
            "query($d: Boolean!) { films @stream(if: $d, initialCount: 1) { title ... @defer(if: $d) { reviews } } }",
        ),
    ];
    for path in ["incremental", "legacy"] {
        let client = Client::builder(format!("{origin}/{path}"))?.build(http());
        for (what, document) in DOCUMENTS {
            let call = client.query(document).variables(json!({"d": false}));
            let expected = call.data::<Value>().await?;
            let call = client.query(document).variables(json!({"d": true}));
            let mut stream = call.stream().await?;
            stream.update().await?;
            let in_parts = stream.data() != Some(&expected);
            let whole = stream.finish::<Value>().await?.data;
            let what = format!("graphql-js 17, {path}: {what}");
            checks.check(&what, (in_parts, whole), (true, Some(expected)));
        }
        let document = "{ film { title ... @defer { broken } } }";
        let whole = client.query(document).stream().await?;
        let whole = whole.finish::<Value>().await?;
        let errors: Vec<_> = whole.errors.iter().map(|error| &*error.message).collect();
        let what = format!("graphql-js 17, {path}: a deferred error");
        let expected = Some(json!({"film": {"title": "Metropolis"}}));
        checks.check(
            &what,
            (errors, whole.data),
            (vec!["the reel is torn"], expected),
        );
    }
    Ok(())
}

/// A client that logs in, by a login of its own.
fn member(endpoint: &str) -> Result<Client<impl Stack>, BoxError> {
    let login = GraphQlLogin::builder(endpoint, GraphQlService::new(http()))
        .login(
            "mutation($n: String!, $p: String!) { login(name: $n, password: $p) { token refresh } }",
            &json!({"n": "alice", "p": "open sesame"}),
            "login.token",
        )
        .refresh_token("login.refresh")
        .refresh("mutation($t: String!) { renew(token: $t) { token refresh } }", "t", "renew.token")
        .build()?;
    let auth = TokenAuth::bearer(login);
    Ok(Client::builder(endpoint)?.auth(auth)?.build(http()))
}

/// Streams of somebody whose login expired, and that say so in a result at status 200.
async fn streams_with_login(origin: &str, checks: &mut Checks) -> Result<(), BoxError> {
    let endpoint = format!("{origin}/graphql");
    let anonymous = Client::builder(endpoint.as_str())?.build(http());
    let expired = async || -> Result<_, BoxError> {
        let client = member(&endpoint)?;
        client.query("{ secret }").data::<Value>().await?;
        let expire = anonymous.query("mutation { expireAll }");
        expire.data::<Value>().await?;
        Ok(client)
    };
    let call = expired().await?;
    let document = "{ secret film { title ... on Film @defer { reviews } } }";
    let whole = call
        .query(document)
        .stream()
        .await?
        .finish::<Value>()
        .await?;
    checks.check(
        "@defer with an expired login",
        whole.data.map(|data| data["secret"].clone()),
        Some(json!("42")),
    );
    let client = expired().await?;
    let mut events = client.query("subscription { secrets }").subscribe().await?;
    let first = events.next().await.ok_or("no event")??.into_data();
    checks.check(
        "a subscription with an expired login",
        first.and_then(|data| data.decode::<Value>()).ok(),
        Some(json!({"secrets": "42"})),
    );
    // Nobody is logged in: what is deferred says so, later.
    let document = "{ film { title ... on Film @defer { notes } } }";
    let whole = anonymous.query(document).stream().await?;
    let whole = whole.finish::<Value>().await?;
    let failure = Some(AuthFailure::Refused);
    checks.check("a part that says so later", whole.auth_failure, failure);
    Ok(())
}

async fn login(origin: &str, checks: &mut Checks) -> Result<(), BoxError> {
    let endpoint = format!("{origin}/graphql");
    let bottom = GraphQlService::new(http());
    let anonymous = Client::builder(endpoint.as_str())?.build(http());
    let counted = async || -> Result<(u64, u64), BoxError> {
        let data: Value = anonymous.query("{ counts }").data().await?;
        let counts: Value = serde_json::from_str(data["counts"].as_str().unwrap_or_default())?;
        let count = |name: &str| counts[name].as_u64().ok_or("no count");
        Ok((count("logins")?, count("renewals")?))
    };
    let before = counted().await?;
    let client = member(&endpoint)?;
    checks.check(
        "a login",
        client.query("{ secret }").data::<Value>().await?,
        json!({"secret": "42"}),
    );

    anonymous
        .query("mutation { expireAll }")
        .data::<Value>()
        .await?;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.query("{ secret }").data::<Value>().await })
        })
        .collect();
    let mut right = 0;
    for call in calls {
        right += usize::from(call.await?.is_ok_and(|data| data["secret"] == "42"));
    }
    checks.check("200 queries with an expired login", right, 200);
    let after = counted().await?;
    let caused = (after.0 - before.0, after.1 - before.1);
    checks.check("cause one refresh", caused, (1, 1));

    let login = GraphQlLogin::builder(endpoint.as_str(), bottom)
        .login(
            "mutation { login(name: \"alice\", password: \"guess\") { token } }",
            &json!({}),
            "login.token",
        )
        .build()?;
    let client = Client::builder(endpoint.as_str())?
        .auth(TokenAuth::bearer(login))?
        .build(http());
    let error = client
        .query("{ secret }")
        .data::<Value>()
        .await
        .err()
        .map(|error| error.kind());
    checks.check(
        "a refused login",
        error,
        Some(ErrorKind::Auth(AuthFailure::Refused)),
    );
    Ok(())
}

async fn collective_access(origin: &str, checks: &mut Checks) -> Result<(), BoxError> {
    let bottom = GraphQlService::new(http());
    let login = GraphQlLogin::collective_access(origin, "api", "open sesame", bottom).build()?;
    let client = Client::builder(format!("{origin}/service/Item"))?
        .auth(TokenAuth::bearer(login))?
        .build(http());
    checks.check(
        "CollectiveAccess: a login",
        client.query("{ get }").data::<Value>().await?,
        json!({"get": 2}),
    );
    text(&format!("{origin}/later")).await?;
    let data = client.query("{ get }").data::<Value>().await?;
    checks.check(
        "CollectiveAccess: an expired token",
        data,
        json!({"get": 2}),
    );
    let counts: Value = serde_json::from_str(&text(&format!("{origin}/archive")).await?)?;
    checks.check(
        "is refreshed once",
        counts,
        json!({"logins": 1, "refreshes": 1}),
    );
    Ok(())
}

async fn text(uri: &str) -> Result<String, BoxError> {
    let response = http().get(uri.parse()?).await?;
    Ok(String::from_utf8(
        response.into_body().collect().await?.to_bytes().to_vec(),
    )?)
}
