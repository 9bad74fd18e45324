//! reqwest: `cargo run --example reqwest`.

use bytes::Bytes;
use examples::{BoxError, KEY, PASSWORD, Server, USER, show};
use http::{Request, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt};
use tower_auth::{
    Basic, Error, HeaderApiKey, SchemeExt,
    reqwest_client::{Client, NormalizeUri, ReqwestService, UriError},
};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let server = Server::start().await?;
    let get = |path| Request::get(server.uri(path)).body(Full::<Bytes>::default());

    // As people know it from reqwest, through the layers.
    let auth = Basic::new(USER, PASSWORD)? + HeaderApiKey::new(KEY)?;
    let client =
        Client::new(reqwest::Client::builder().no_proxy())?.layer(auth.only_to(server.origin())?);
    let response = client
        .get(server.uri("/hello"))
        .send()
        .await?
        .error_for_status()?;
    println!("with a request builder: {}", response.status());

    // As a tower service. Redirects are turned off in whatever is built here.
    let reqwest = ReqwestService::new(reqwest::Client::builder().no_proxy())?;
    let auth = Basic::new(USER, PASSWORD)? + HeaderApiKey::new(KEY)?;
    let client = auth.only_to(server.origin())?.layer(reqwest);
    let response = client.clone().oneshot(get("/hello")?).await?;
    show("with layers", response, StatusCode::OK).await?;

    // reqwest would send `/b?q=%27x%27`, after a signature was made for `/a/../b?q='x'`.
    let odd = "/a/../b?q='x'";
    match client.clone().oneshot(get(odd)?).await {
        Err(Error::Inner(error)) if error.uri() == Some(UriError::Rewritten) => {
            println!("{odd}: {error}");
        }
        other => return Err(format!("expected a refusal, got {other:?}").into()),
    }
    let client = NormalizeUri::new().layer(client);
    let response = client.oneshot(get(odd)?).await?;
    show("with `NormalizeUri`", response, StatusCode::OK).await
}
