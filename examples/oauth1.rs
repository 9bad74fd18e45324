//! The three legs of OAuth 1.0a, with a redirect to this machine.
//!
//!     cargo run --example oauth1              # plays the browser, too
//!     cargo run --example oauth1 -- --browser # prints the address to open, and waits
//!
//! Starts a provider and a listener for the redirect, walks the legs, and gets a photo with the token.

use axum::{Router, extract::State, http::Uri, routing::get};
use bytes::Bytes;
use examples::{
    BoxError, Server,
    oauth1_provider::{CLIENT, Provider, SECRET},
    show,
};
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::time::Duration;
use tokio::{sync::mpsc, time::timeout};
use tower::{Layer, ServiceExt};
use tower_auth::{
    SchemeExt,
    oauth1::{Callback, OAuth1, ThreeLegs},
};

type Http = Client<HttpConnector, Full<Bytes>>;

/// How long the user has.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let provider = Server::serve(Provider::default().router()).await?;
    let (sender, mut redirects) = mpsc::channel::<Uri>(1);
    let listener = Router::new().route("/ready", get(ready)).with_state(sender);
    let listener = Server::serve(listener).await?;
    let http: Http = Client::builder(TokioExecutor::new()).build_http();

    let legs = ThreeLegs::new(OAuth1::new(CLIENT, SECRET)?).endpoints(
        provider.uri("/initiate"),
        provider.uri("/authorize"),
        provider.uri("/token"),
    )?;
    let temporary = legs
        .temporary_credentials(&Callback::new(listener.uri("/ready")))
        .await?;
    println!("first leg: temporary credentials");

    let authorize = legs.authorization_uri(&temporary)?;
    if std::env::args().any(|argument| argument == "--browser") {
        println!("open {authorize}");
    } else {
        browse(&http, authorize).await?;
    }
    let redirect = timeout(PATIENCE, redirects.recv()).await?;
    let redirect = redirect.ok_or("the listener is gone")?;
    let verifier = temporary.verifier(&redirect.to_string())?;
    println!("second leg: a verifier");

    let answer = legs.token_credentials(temporary, verifier).await?;
    println!("third leg: a token, and {:?}", answer.extra());

    let oauth = legs.oauth(answer.credentials());
    let client = oauth.only_to(provider.origin())?.layer(http);
    let photo = Request::get(provider.uri("/photos?file=vacation.jpg&size=original"));
    let response = client.oneshot(photo.body(Full::default())?).await?;
    show("a photo", response, StatusCode::OK).await
}

/// Where the browser comes back to.
async fn ready(State(sender): State<mpsc::Sender<Uri>>, uri: Uri) -> &'static str {
    // Whoever comes second is too late.
    let _ = sender.try_send(uri);
    "You may close this window.\n"
}

/// What a browser does: follows one redirect.
async fn browse(http: &Http, uri: Uri) -> Result<(), BoxError> {
    let response = http.get(uri).await?;
    let location = response.headers().get("location").ok_or("no redirect")?;
    http.get(location.to_str()?.parse()?).await?;
    Ok(())
}
