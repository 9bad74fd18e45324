//! A login session with cookies: log in once, and the jar carries the session.
//!
//!     cargo run --example graphql_cookies

use axum::{
    Json, Router,
    http::{HeaderMap, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse},
    routing::post,
};
use examples::BoxError;
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_auth::graphql::{Body, Client, CookieJar, CookieLayer};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let app = Router::new().route("/graphql", post(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });

    let jar = CookieJar::new();
    let http = ServiceBuilder::new()
        .layer(CookieLayer::new(jar.clone()).only_to(&origin)?)
        .service(Hyper::builder(TokioExecutor::new()).build_http::<Body>());
    let client = Client::builder(format!("{origin}/graphql"))?.build(http);

    println!("{}", client.query("{ me }").data::<Value>().await?);
    client.query("mutation { login }").data::<Value>().await?;
    println!("{}", client.query("{ me }").data::<Value>().await?);

    // The session survives the program.
    let mut file = Vec::new();
    jar.save(&mut file)?;
    let jar = CookieJar::load(&file[..])?;
    println!("{} cookie saved and loaded", jar.len());
    Ok(())
}

/// Sets a cookie on a login, and says whose cookie it saw otherwise.
async fn answer(headers: HeaderMap, Json(request): Json<Value>) -> impl IntoResponse {
    let login = request["query"]
        .as_str()
        .is_some_and(|query| query.starts_with("mutation"));
    let cookie = headers.get("cookie").and_then(|value| value.to_str().ok());
    let me = cookie
        .filter(|cookie| *cookie == "session=alice")
        .map(|_| "alice");
    let cookies = login.then_some((SET_COOKIE, "session=alice; HttpOnly; Path=/"));
    let data = if login {
        json!({"login": true})
    } else {
        json!({"me": me})
    };
    (AppendHeaders(cookies), Json(json!({"data": data})))
}
