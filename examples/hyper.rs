//! hyper-util's client: `cargo run --example hyper`.

use bytes::Bytes;
use examples::{BoxError, KEY, PASSWORD, Server, USER, show};
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{ServiceBuilder, ServiceExt};
use tower_auth::{Basic, Error, HeaderApiKey, SchemeExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let server = Server::start().await?;
    let request = || Request::get(server.uri("/hello")).body(Full::<Bytes>::default());

    let hyper = Client::builder(TokioExecutor::new()).build_http();
    let response = hyper.request(request()?).await?;
    show("without layers", response, StatusCode::UNAUTHORIZED).await?;

    let auth = Basic::new(USER, PASSWORD)? + HeaderApiKey::new(KEY)?;
    let client = ServiceBuilder::new()
        .layer(auth.only_to(server.origin())?)
        .service(hyper);
    let response = client.clone().oneshot(request()?).await?;
    show("with layers", response, StatusCode::OK).await?;

    // The errors of hyper are still hyper's.
    let nobody = Request::get("http://127.0.0.1:1/").body(Full::default())?;
    match client.oneshot(nobody).await {
        Err(Error::Inner(error)) if error.is_connect() => println!("nobody there: {error}"),
        other => return Err(format!("expected a failure to connect, got {other:?}").into()),
    }
    Ok(())
}
