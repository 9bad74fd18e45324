//! Drives the reference servers of the protocols for subscriptions: see `interop/graphql-yoga`.
//!
//! `cargo run --all-features --example interop_subscriptions -- http://127.0.0.1:PORT`

use bytes::Bytes;
use http::{Request, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use serde_json::{Value, json};
use std::time::Duration;
use tower_auth_core::Bearer;
use tower_auth_graphql::{
    AuthFailure, BoxClient, Client, ClientBuilder, CookieJar, CookieLayer, ErrorKind,
    SingleEventStream, Subprotocol, Subscription, WebSocket,
};
use tower_auth_token::{Demand, Failure, Fetched, Source, Token, TokenAuth};
use tower_layer::Layer as _;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Asks the server for tokens.
struct Issued(String);

impl Source for Issued {
    type Value = Token;

    async fn fetch(&self, _: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        let token = get(&self.0, "/token").await.expect("a token");
        Ok(Fetched::new(Token::new(token)))
    }
}

/// The server's tokens live for milliseconds: each of them may be refused.
fn tokens(origin: &str) -> TokenAuth<Issued> {
    let place = tower_auth_core::bearer::InAuthorization::default();
    let cache = TokenAuth::cache_builder(Issued(origin.to_owned()), place);
    TokenAuth::from_cache(cache.refusal_interval(Duration::ZERO).build())
}

async fn get(origin: &str, path: &str) -> Outcome<String> {
    let http = Hyper::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = Request::get(format!("{origin}{path}")).body(Full::default())?;
    let body = http.request(request).await?.into_body().collect().await?;
    Ok(String::from_utf8(body.to_bytes().to_vec())?)
}

fn options(protocol: Subprotocol) -> WebSocket {
    WebSocket::new()
        .subprotocols([protocol])
        .reconnect_delay(Duration::from_millis(20), Duration::from_millis(200))
}

fn builder<C>(endpoint: String, origin: &str, http: C) -> Outcome<Client<impl Stack>>
where
    C: tower_service::Service<
            Request<tower_auth_graphql::Body>,
            Response = http::Response<hyper::body::Incoming>,
            Error: Into<tower_auth_graphql::BoxError>,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    Ok(Client::builder(endpoint)?.auth(tokens(origin))?.build(http))
}

trait Stack:
    tower_service::Service<
        Request<tower_auth_graphql::Body>,
        Response = http::Response<tower_auth_graphql::Reply>,
        Error: Into<tower_auth_graphql::BoxError>,
        Future: Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<T> Stack for T where
    T: tower_service::Service<
            Request<tower_auth_graphql::Body>,
            Response = http::Response<tower_auth_graphql::Reply>,
            Error: Into<tower_auth_graphql::BoxError>,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

async fn value(results: &mut Subscription) -> Outcome<Value> {
    let next = tokio::time::timeout(Duration::from_secs(10), results.next()).await?;
    let response = next.ok_or("it is over")??.decode::<Value>()?;
    response
        .data
        .ok_or_else(|| format!("{:?}", response.errors).into())
}

/// What every transport has to do.
async fn check(name: &str, client: &BoxClient, origin: &str) -> Outcome {
    let call = client.query("subscription($n: Int!) { countdown(from: $n) }");
    let mut results = call.variables(json!({"n": 20})).subscribe().await?;
    for n in (0..=20).rev() {
        assert_eq!(
            value(&mut results).await?,
            json!({"countdown": n}),
            "{name}"
        );
    }
    assert!(results.next().await.is_none(), "{name}: complete");
    // Two at once, one of which is dropped: the server hears of it.
    let mut one = client.query("subscription { forever }").subscribe().await?;
    let mut other = client.query("subscription { forever }").subscribe().await?;
    for _ in 0..5 {
        value(&mut one).await?;
        value(&mut other).await?;
    }
    drop(one);
    value(&mut other).await?;
    drop(other);
    for attempt in 0.. {
        let counts: Value = serde_json::from_str(&get(origin, "/counts").await?)?;
        if counts["running"] == 0 {
            break;
        }
        assert!(attempt < 200, "{name}: the server was not told {counts}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What is wrong with an operation is said in a result, or at once.
    match client.query("subscription { nothing }").subscribe().await {
        Ok(mut results) => match results.next().await {
            Some(Ok(response)) => assert!(!response.errors.is_empty(), "{name}"),
            Some(Err(error)) => assert_eq!(error.kind(), ErrorKind::GraphQl, "{name}: {error}"),
            None => panic!("{name}: no errors"),
        },
        Err(error) => assert_eq!(error.kind(), ErrorKind::GraphQl, "{name}: {error}"),
    }
    println!("{name}: results in order, complete, two at once, dropped, refused operation");
    Ok(())
}

/// A token that expires while subscribed.
async fn check_expiry(name: &str, client: &BoxClient) -> Outcome {
    let mut results = client
        .query("subscription { expiring }")
        .subscribe()
        .await?;
    let mut seen = Vec::new();
    for _ in 0..9 {
        let value = value(&mut results).await?;
        seen.push(value["expiring"].as_str().unwrap_or_default().to_owned());
    }
    let unique: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!(unique.len(), 9, "{name}: {seen:?}");
    let tokens: Vec<_> = seen.iter().map(|text| text.split(' ').next()).collect();
    assert!(
        tokens[0] != tokens[3] && tokens[3] != tokens[6],
        "{name}: {seen:?}"
    );
    println!("{name}: closed with 4403 twice, and gone on with new tokens: {seen:?}");
    Ok(())
}

/// What is not a socket, by its path.
const STREAMS: [(&str, &str); 4] = [
    ("sse", "graphql-sse, distinct connections"),
    ("sse", SINGLE),
    ("yoga", "graphql-yoga, server-sent events"),
    ("multipart", "multipart, as Apollo's router"),
];
const SINGLE: &str = "graphql-sse, single connection";

/// By a header, by a cookie, with a token that expires, and refused.
async fn check_stream(path: &str, name: &str, origin: &str) -> Outcome {
    let http = || Hyper::builder(TokioExecutor::new()).build_http();
    let of = || -> Outcome<ClientBuilder<_>> {
        let builder = Client::builder(format!("{origin}/{path}"))?;
        Ok(match path {
            "multipart" => builder.multipart_subscriptions(),
            _ => builder,
        })
    };
    let by_header = of()?.auth(tokens(origin))?.build(http());
    let cookies = CookieLayer::new(CookieJar::new()).layer(http());
    let login = Client::builder(format!("{origin}/login"))?.build(cookies.clone());
    login.query("{ hello }").reply().await?;
    let by_cookie = of()?.build(cookies);
    let wrong = of()?.auth(Bearer::new("wrong")?)?.build(http());
    let none = of()?.build(http());
    let (by_header, by_cookie, refused) = if name == SINGLE {
        let single = SingleEventStream::new;
        (
            by_header.single_event_stream(single()).boxed(),
            by_cookie.single_event_stream(single()).boxed(),
            [
                wrong.single_event_stream(single()).boxed(),
                none.single_event_stream(single()).boxed(),
            ],
        )
    } else {
        let refused = [wrong.boxed(), none.boxed()];
        (by_header.boxed(), by_cookie.boxed(), refused)
    };
    check(&format!("{name}, by a header"), &by_header, origin).await?;
    check(&format!("{name}, by a cookie"), &by_cookie, origin).await?;
    check_stream_expiry(name, &by_header).await?;
    for client in refused {
        let error = client.query("subscription { forever }").subscribe().await;
        let error = error.expect_err("it should be refused");
        assert_eq!(
            error.kind(),
            ErrorKind::Auth(AuthFailure::Refused),
            "{name}: {error:?}"
        );
    }
    println!("{name}: refused with another token, and without one");
    Ok(())
}

/// A stream is not resumed: its last result says why it ends, and the next one has another token.
async fn check_stream_expiry(name: &str, client: &BoxClient) -> Outcome {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut results = client
            .query("subscription { expiring }")
            .subscribe()
            .await?;
        for _ in 0..3 {
            let value = value(&mut results).await?;
            seen.push(value["expiring"].as_str().unwrap_or_default().to_owned());
        }
        let last = tokio::time::timeout(Duration::from_secs(10), results.next()).await?;
        let last = last.ok_or("it is over")??;
        assert!(last.auth_failure.is_some(), "{name}: {last:?}");
        assert!(results.next().await.is_none(), "{name}");
    }
    let unique: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!(unique.len(), 6, "{name}: {seen:?}");
    println!("{name}: told twice that the token expired, and gone on with a new one: {seen:?}");
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let origin = std::env::args()
        .nth(1)
        .ok_or("the address of the server?")?;
    let http = || Hyper::builder(TokioExecutor::new()).build_http();
    for (path, protocol) in [
        ("today", Subprotocol::TransportWs),
        ("older", Subprotocol::Legacy),
    ] {
        let at = |kind: &str| format!("{origin}/{path}/{kind}");
        // By a header of the handshake, judged before or after the switch.
        for kind in ["header", "strict/header"] {
            let client = builder(at(kind), &origin, http())?;
            let client = client.boxed().websocket(options(protocol));
            check(&format!("{path}/{kind}"), &client, &origin).await?;
            check_expiry(&format!("{path}/{kind}"), &client).await?;
            let wrong = Client::builder(at(kind))?
                .auth(Bearer::new("wrong")?)?
                .build(http());
            let error = wrong
                .websocket(options(protocol))
                .query("subscription { forever }")
                .subscribe()
                .await;
            let error = error.expect_err("it should be refused");
            assert_eq!(
                error.kind(),
                ErrorKind::Auth(AuthFailure::Refused),
                "{error:?}"
            );
            println!("{path}/{kind}: refused: {error}");
        }
        // By connection parameters: what the layers wrote, or what is asked for.
        let client = builder(at("params"), &origin, http())?;
        let from_headers = client
            .boxed()
            .websocket(options(protocol).params_from_headers([AUTHORIZATION]));
        check(
            &format!("{path}/params from headers"),
            &from_headers,
            &origin,
        )
        .await?;
        check_expiry(&format!("{path}/params from headers"), &from_headers).await?;
        let source = origin.clone();
        let asking = options(protocol).params_with(move |_| {
            let source = source.clone();
            async move {
                Ok::<_, tower_auth_graphql::BoxError>(Some(
                    json!({"token": get(&source, "/token").await?}),
                ))
            }
        });
        let client = Client::builder(at("params"))?
            .build(http())
            .boxed()
            .websocket(asking);
        check(&format!("{path}/params asked for"), &client, &origin).await?;
        check_expiry(&format!("{path}/params asked for"), &client).await?;
        let wrong = options(protocol).params(json!({"token": "wrong"}))?;
        let wrong = Client::builder(at("params"))?
            .build(http())
            .websocket(wrong);
        let error = wrong
            .query("subscription { forever }")
            .subscribe()
            .await
            .expect_err("refused");
        assert_eq!(
            error.kind(),
            ErrorKind::Auth(AuthFailure::Refused),
            "{error:?}"
        );
        println!("{path}/params: refused: {error}");
        // By cookie.
        let jar = CookieJar::new();
        let cookies = CookieLayer::new(jar).layer(http());
        let login = Client::builder(format!("{origin}/login"))?.build(cookies.clone());
        login.query("{ hello }").reply().await?;
        let client = Client::builder(at("cookie"))?
            .build(cookies)
            .boxed()
            .websocket(options(protocol));
        check(&format!("{path}/cookie"), &client, &origin).await?;
        let none = Client::builder(at("cookie"))?
            .build(http())
            .websocket(options(protocol));
        let error = none
            .query("subscription { forever }")
            .subscribe()
            .await
            .expect_err("refused");
        assert_eq!(
            error.kind(),
            ErrorKind::Auth(AuthFailure::Refused),
            "{error:?}"
        );
        // Queries and mutations over the socket.
        let all = client.websocket(options(protocol).all_operations(true));
        assert_eq!(
            all.query("{ hello }").data::<Value>().await?,
            json!({"hello": "world"})
        );
        all.query("mutation { count }").data::<Value>().await?;
    }
    for (path, name) in STREAMS {
        check_stream(path, name, &origin).await?;
    }
    println!("all is well");
    Ok(())
}
