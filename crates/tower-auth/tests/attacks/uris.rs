//! Odd URIs: credentials go where the client connects to, or nowhere.

use crate::net::{Net, Place, Sent, ok};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header::HOST, uri};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::{BoxError, Layer, Service, ServiceExt};
use tower_auth::{Basic, HeaderApiKey, QueryApiKey, SchemeExt};

type Body = Full<Bytes>;

const SECRET: &str = "planted";
const IN_BASE64: &str = "dTpwbGFudGVk"; // u:planted

/// The servers that the credentials are for.
fn ours() -> [Place; 3] {
    [
        Place::new(true, "a.example", 443),
        Place::new(true, "b.example", 8443),
        Place::new(false, "[::1]", 3000),
    ]
}

const SCOPE: [&str; 3] = [
    "https://a.example",
    "https://b.example:8443",
    "http://[::1]:3000",
];

fn pick(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(texts)
}

/// Parts that look like ours, or make readers stumble.
fn text() -> impl Strategy<Value = String> {
    let scheme = pick(&[
        "https", "https", "https", "http", "HTTPS", "HTTP", "Https", "ws", "wss", "ftp", "httpss",
        "x-https", "file",
    ]);
    let slashes = pick(&[
        "://", "://", "://", "://", "://", "://", ":", ":/", ":///", ":\\\\", ":/\\", "://\\",
    ]);
    let user = pick(&[
        "",
        "",
        "",
        "",
        "u@",
        "u:p@",
        "a.example@",
        "a.example:443@",
        "https://a.example@",
        "u:p@a.example@",
        "%40@",
        "@",
        ":@",
        "a.example%2f@",
        "a.example\\@",
        "[::1]:3000@",
        "[::1]@",
    ]);
    let host = pick(&[
        "a.example",
        "a.example",
        "a.example",
        "b.example",
        "b.example",
        "[::1]",
        "[::1]",
        "A.EXAMPLE",
        "a.ExAmPlE",
        "a.example.",
        "a.example..",
        ".a.example",
        "a..example",
        "a%2eexample",
        "a.example%00",
        "a.example%2eevil.example",
        "a.example.evil.example",
        "evil-a.example",
        "a.examplee",
        "a.exampl",
        "a",
        "evil.example",
        "",
        "*",
        "*.example",
        "xn--a-ecp.example",
        "ａ.example",
        "a。example",
        "а.example",
        "a.example\\.evil.example",
        "a.example\\evil.example",
        "a.example evil.example",
        "a.example\tevil",
        "a.example;evil.example",
        "a.example,evil.example",
        "a.example'",
        "a_example",
        "[::1%25lo]",
        "[::1%lo]",
        "[fe80::1%25eth0]",
        "[::2]",
        "[0:0:0:0:0:0:0:1]",
        "[::0001]",
        "[::ffff:127.0.0.1]",
        "[::1",
        "::1",
        "[::1]]",
        "[[::1]]",
        "[::1]evil.example",
        "[::1].evil.example",
        "[v1.x]",
        "[]",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0177.0.0.1",
        "2130706433",
        "127.0.0.1.evil.example",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost.evil.example",
        "0.0.0.0",
        "[::]",
    ]);
    let port = pick(&[
        "",
        "",
        "",
        ":443",
        ":8443",
        ":3000",
        ":",
        ":0443",
        ":00000000443",
        ":08443",
        ":003000",
        ":80",
        ":0",
        ":65536",
        ":65979",
        ":4294967739",
        ":18446744073709552059",
        ":99999999999999999999",
        ":+443",
        ":-443",
        ":443.evil.example",
        ":evil",
        ":443:443",
        ":443@evil.example",
        "::443",
        ":4 43",
        ":%34%34%33",
        ":443\\@evil.example",
    ]);
    let rest = prop_oneof![
        4 => pick(&[
            "", "/", "//", "//evil.example/", "/\\evil.example", "\\evil.example", "/../", "/./a/../b", "/..;/", "/%2e%2e/",
            "/%2e%2e%2fevil", "/a b", "/a\tb", "?", "?@evil.example", "?x=https://a.example", "?api_key=x&api%5fkey=y", "#", "#@evil.example",
            "/#@evil.example", "/@evil.example/", ";@evil.example", "/;api_key=x", "/\u{e9}", "/%ff", "/%", "/%zz", ".evil.example",
            "@evil.example", "\\@evil.example", "%2f@evil.example", "&@evil.example",
        ]).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
    ];
    let whole = (scheme, slashes, user, host, port, rest).prop_map(
        |(scheme, slashes, user, host, port, rest)| {
            format!("{scheme}{slashes}{user}{host}{port}{rest}")
        },
    );
    // So that much of it does get credentials.
    let ours = (
        pick(&[
            "https://a.example",
            "https://b.example:8443",
            "http://[::1]:3000",
            "HTTPS://A.Example:443",
        ]),
        pick(&[
            "",
            "/",
            "?x",
            "/a/b",
            "/../",
            "//evil.example/",
            "?@evil.example",
            "@evil.example",
            ":443",
            ".evil.example",
            "\\@evil.example",
            "#",
        ]),
    )
        .prop_map(|(origin, rest)| format!("{origin}{rest}"));
    prop_oneof![12 => whole, 6 => ours, 1 => "[ -~]{0,40}", 1 => "https://[!-~]{0,30}"]
}

/// Whatever `http` lets be a URI, as a whole or put together of parts.
fn uris() -> impl Strategy<Value = Uri> {
    prop_oneof![
        3 => text().prop_filter_map("no URI", |text| text.parse().ok()),
        1 => (text(), text()).prop_filter_map("no URI", |(first, second)| {
            let (first, second) = (first.parse::<Uri>().ok()?.into_parts(), second.parse::<Uri>().ok()?.into_parts());
            let mut parts = uri::Parts::default();
            parts.scheme = first.scheme;
            parts.authority = second.authority;
            parts.path_and_query = first.path_and_query.or(second.path_and_query);
            Uri::from_parts(parts).ok()
        }),
    ]
}

/// A `Host` of the caller's own, now and then.
fn host() -> impl Strategy<Value = Option<HeaderValue>> {
    prop_oneof![
        4 => Just(None),
        1 => pick(&[
            "a.example", "A.Example", "a.example:443", "a.example:", "a.example:0443", "b.example:8443", "[::1]:3000", "evil.example",
            "a.example.", "a.example@evil.example", "u@a.example", "a.example, evil.example", "a.example evil.example", "", " a.example",
            "a.example:443:443", "a.example/", "a.example#", "[::1]", "https://a.example",
        ]).prop_map(|text| HeaderValue::from_str(text).ok()),
    ]
}

fn is_authenticated(sent: &Sent) -> bool {
    sent.head.contains(SECRET) || sent.head.contains(IN_BASE64)
}

/// With a scope, and without one.
async fn probe<S, R>(
    client: S,
    net: &Net,
    uri: &Uri,
    host: Option<&HeaderValue>,
    arrived: &AtomicUsize,
) -> Result<(), TestCaseError>
where
    S: Service<Request<Body>, Response = Response<R>, Error: Into<BoxError> + std::fmt::Debug>
        + Clone,
{
    let mut request = Request::new(Body::default());
    *request.uri_mut() = uri.clone();
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host.clone());
    }
    let sum = || {
        Basic::new("u", SECRET).unwrap()
            + HeaderApiKey::new(SECRET).unwrap()
            + QueryApiKey::new(SECRET).unwrap()
    };
    let scoped = sum().only_to(SCOPE).unwrap().layer(client.clone());
    let result = scoped.oneshot(request.clone()).await.map(drop);
    if let Err(error) = &result {
        prop_assert!(!format!("{error:?}").contains(SECRET), "{:?}", error);
    }
    for sent in net.take() {
        if is_authenticated(&sent) {
            prop_assert!(ours().contains(&sent.place), "{} leaked to {:?}", uri, sent);
            names_its_place(&sent)?;
            arrived.fetch_add(1, Ordering::Relaxed);
        }
    }
    // Without a scope: wherever it is, it is encrypted or does not leave this machine, and is where the request said.
    let open = sum().layer(client);
    let _ = open.oneshot(request).await;
    for sent in net.take() {
        if is_authenticated(&sent) {
            let host = sent.place.host.trim_matches(['[', ']']);
            let here = host == "localhost"
                || host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|ip| ip.to_canonical().is_loopback());
            prop_assert!(
                sent.place.secure || here,
                "{} in the clear: {:?}",
                uri,
                sent
            );
            names_its_place(&sent)?;
        }
    }
    Ok(())
}

/// The `Host` that the server reads is the place that the request came to.
fn names_its_place(sent: &Sent) -> Result<(), TestCaseError> {
    if sent.head.starts_with("CONNECT ") {
        return Ok(());
    }
    let host = sent.header("host").unwrap_or_default();
    let place = &sent.place;
    let rest = host
        .to_ascii_lowercase()
        .strip_prefix(&*place.host)
        .map(str::to_owned);
    let default = if place.secure { 443 } else { 80 };
    let port = match rest.as_deref() {
        Some("" | ":") => Some(default),
        Some(port) => port.strip_prefix(':').and_then(|port| port.parse().ok()),
        None => None,
    };
    prop_assert_eq!(port, Some(place.port), "{:?}", sent);
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(cases)
    })
}

const CASES: u32 = 2_000;

#[test]
fn over_hyper_credentials_go_where_hyper_connects_to_or_nowhere_whatever_the_uri() {
    let runtime = runtime();
    let net = Net::new(|_, _| ok());
    let client: Client<_, Body> = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build(net.clone());
    let arrived = AtomicUsize::new(0);
    runner(CASES)
        .run(&(uris(), host()), |(uri, host)| {
            runtime.block_on(probe(client.clone(), &net, &uri, host.as_ref(), &arrived))
        })
        .unwrap();
    let arrived = arrived.into_inner();
    assert!(
        arrived > CASES as usize / 20,
        "only {arrived} were authenticated"
    );
}

#[cfg(feature = "reqwest")]
#[test]
fn over_reqwest_credentials_go_where_reqwest_connects_to_or_nowhere_whatever_the_uri() {
    use tower_auth::reqwest_client::{NormalizeUri, ReqwestService};
    let runtime = runtime();
    let net = Net::new(|_, _| ok());
    let proxy = runtime.block_on(net.proxy());
    let proxy = ::reqwest::Proxy::all(format!("http://{proxy}")).unwrap();
    let builder = ::reqwest::Client::builder()
        .proxy(proxy)
        .pool_max_idle_per_host(0);
    let client = {
        let _inside = runtime.enter();
        ReqwestService::new(builder).unwrap()
    };
    let arrived = AtomicUsize::new(0);
    runner(CASES / 2)
        .run(&(uris(), host()), |(uri, host)| {
            runtime.block_on(async {
                probe(client.clone(), &net, &uri, host.as_ref(), &arrived).await?;
                // What is rewritten before it is authenticated goes where the rewritten URI says.
                let normalized = NormalizeUri::new().layer(client.clone());
                probe(normalized, &net, &uri, host.as_ref(), &arrived).await
            })
        })
        .unwrap();
    let arrived = arrived.into_inner();
    assert!(
        arrived > CASES as usize / 100,
        "only {arrived} were authenticated"
    );
}
