//! Each scheme is let in with the right credentials, and refused with the wrong ones.

use crate::{
    server::Server,
    sigv4::{KEY_ID, SECRET},
};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering::SeqCst, time::Duration};
use tower::{Layer as _, Service, ServiceExt as _};
use tower_auth::{
    Basic, Bearer, HeaderApiKey,
    aws::{Credentials, SigV4, Signer},
    clock::Clock,
    graphql::{
        AuthFailure, Body, BoxClient, BoxError, Client, CookieJar, CookieLayer, Error, ErrorKind,
        Event, Reply, WebSocket,
    },
    oauth2::OAuth2,
};

/// Any HTTP client.
pub(crate) trait Http:
    Service<
        http::Request<Body>,
        Response = http::Response<Self::Body>,
        Error: Into<BoxError>,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static
{
    type Body: http_body::Body<Data: Send, Error: Into<BoxError>> + Send + 'static;
}

impl<T, B> Http for T
where
    T: Service<
            http::Request<Body>,
            Response = http::Response<B>,
            Error: Into<BoxError>,
            Future: Send + 'static,
        > + Clone
        + Send
        + Sync
        + 'static,
    B: http_body::Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Body = B;
}

async fn said<S>(client: &Client<S>) -> Result<Value, Error>
where
    S: Service<http::Request<Body>, Response = http::Response<Reply>, Error: Into<BoxError>>
        + Clone,
{
    let results = client.query("subscription { said }").subscribe();
    let results = tokio::time::timeout(Duration::from_secs(10), results);
    let mut results = results.await.expect("it hangs")?;
    let next = tokio::time::timeout(Duration::from_secs(10), results.next());
    let response = next.await.expect("it hangs").expect("a result")?;
    Ok(response.decode::<Value>()?.data.expect("data"))
}

pub(crate) async fn is_accepted<S>(client: &Client<S>)
where
    S: Service<http::Request<Body>, Response = http::Response<Reply>, Error: Into<BoxError>>
        + Clone,
{
    let data = said(client).await.unwrap();
    assert!(data["said"].is_string(), "{data}");
}

async fn is_refused(client: &BoxClient) {
    let error = said(client).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Auth(AuthFailure::Refused),
        "{error}"
    );
    assert_eq!(error.status().unwrap(), 401, "{error}");
}

/// The stack as it is, and without its type: both are let in. The wrong one is not.
macro_rules! check {
    ($server:ident, $kind:literal, $http:ident, $options:ident, $right:expr, $wrong:expr) => {
        let of = |endpoint: String| Client::builder(endpoint).unwrap();
        let right = of($server.endpoint($kind))
            .auth($right)
            .unwrap()
            .build($http.clone());
        is_accepted(&right.clone().websocket($options.clone())).await;
        is_accepted(&right.boxed().websocket($options.clone())).await;
        let wrong = of($server.endpoint($kind))
            .auth($wrong)
            .unwrap()
            .build($http.clone());
        is_refused(&wrong.boxed().websocket($options.clone())).await;
    };
}

pub(crate) async fn all<C: Http>(server: &Server, http: C, options: &WebSocket) {
    let basic = |password: &str| Basic::new("user", password).unwrap();
    check!(
        server,
        "basic",
        http,
        options,
        basic("password"),
        basic("guess")
    );
    let key = |key: &str| HeaderApiKey::new(key).unwrap();
    check!(server, "key", http, options, key("k"), key("x"));
    let bearer = |token: &str| Bearer::new(token).unwrap();
    check!(server, "bearer", http, options, bearer("t"), bearer("x"));
    let signed = |secret: &str| {
        let credentials = Credentials::new(KEY_ID, secret).unwrap();
        SigV4::new("execute-api", "us-east-1", credentials).unwrap()
    };
    check!(
        server,
        "sigv4",
        http,
        options,
        signed(SECRET),
        signed("guess")
    );
    presigned(server, &http, options).await;
    cookies(server, &http, options).await;
    oauth2(server, &http, options).await;
}

/// The signature is in the query, and was made before.
async fn presigned<C: Http>(server: &Server, http: &C, options: &WebSocket) {
    let signer = Signer::new("execute-api", "us-east-1").unwrap();
    let method = match server.authority {
        Some(_) if format!("{options:?}").contains("ExtendedConnect") => http::Method::CONNECT,
        _ => http::Method::GET,
    };
    let client = |secret: &str| {
        let request = http::Request::builder()
            .method(method.clone())
            .uri(server.endpoint("presigned"))
            .body(())
            .unwrap();
        let credentials = Credentials::new(KEY_ID, secret).unwrap();
        let (now, hour) = (Clock::system().now(), Duration::from_secs(3600));
        let url = signer
            .presign(&credentials, now, hour, &request, None)
            .unwrap();
        // The rest of the client knows nothing of it.
        let options = options.clone().endpoint(url.uri().clone()).unwrap();
        let client = Client::builder(server.endpoint("nothing"))
            .unwrap()
            .build(http.clone());
        client.boxed().websocket(options)
    };
    is_accepted(&client(SECRET)).await;
    is_refused(&client("guess")).await;
}

async fn cookies<C: Http>(server: &Server, http: &C, options: &WebSocket) {
    let client = async |password: &str| {
        let session = CookieLayer::new(CookieJar::new()).layer(http.clone());
        let login = http::Request::post(server.endpoint("login"));
        let login = login
            .body(Body::json(&json!({"password": password})).unwrap())
            .unwrap();
        let _ = session
            .clone()
            .oneshot(login)
            .await
            .map_err(Into::into)
            .unwrap();
        let client = Client::builder(server.endpoint("cookie"))
            .unwrap()
            .build(session);
        client.boxed().websocket(options.clone())
    };
    is_accepted(&client("open sesame").await).await;
    is_refused(&client("guess").await).await;
}

/// The first token is refused at the handshake, the second while subscribed: each time there is another one.
async fn oauth2<C: Http>(server: &Server, http: &C, options: &WebSocket) {
    let client = |refresh_token: &str| {
        let auth = OAuth2::refresh_token(&server.tokens, "client", refresh_token)
            .refusal_interval(Duration::ZERO)
            .build()
            .unwrap();
        let client = Client::builder(server.endpoint("oauth2")).unwrap();
        let client = client.auth(auth).unwrap().build(http.clone());
        client.boxed().websocket(options.clone())
    };
    let mut results = client("rt")
        .query("subscription { said }")
        .subscribe()
        .await
        .unwrap();
    let mut events = Vec::new();
    while events.len() < 3 {
        let next = tokio::time::timeout(Duration::from_secs(10), results.next_event());
        let event = next.await.expect("it hangs").expect("it is over").unwrap();
        events.push(match event {
            Event::Result(response) => {
                response.decode::<Value>().unwrap().data.unwrap()["said"].clone()
            }
            Event::Reconnected(reconnected) => json!(reconnected.closed.unwrap().code()),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(
        events,
        [json!("Bearer at-2"), json!(4403), json!("Bearer at-3")]
    );
    assert_eq!(server.seen.issued.load(SeqCst), 3);
    let error = said(&client("stolen")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Auth(_)), "{error:?}");
    assert_eq!(server.seen.issued.load(SeqCst), 3);
}
