//! Whatever the request, there is an answer: a response, or a typed error.

mod support;

use http::{HeaderName, HeaderValue, Method, Request, Uri};
use proptest::{collection::vec, prelude::*};
use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Poll, Waker},
};
use support::echo;
use tower::{Layer, ServiceExt, service_fn};
use tower_auth_core::{Basic, Bearer, Error, HeaderApiKey, QueryApiKey, SchemeExt};

fn uris() -> impl Strategy<Value = Uri> {
    let scheme = prop_oneof![
        Just("http"),
        Just("https"),
        Just("HTTPS"),
        Just("ws"),
        Just("wss"),
        Just("ftp"),
        Just("x-y")
    ];
    let host = prop_oneof![
        Just("h".to_owned()),
        Just("localhost".to_owned()),
        Just("[::1]".to_owned()),
        Just("127.0.0.1".to_owned()),
        Just("user:p%40ss@h".to_owned()),
        "[a-zA-Z0-9.%_~!$&'()*+,;=-]{1,30}",
    ];
    let port = prop_oneof![Just(String::new()), Just(":".to_owned()), ":[0-9]{1,6}"];
    let path = prop_oneof![Just(String::new()), "/[!-\"$->@-~]{0,40}"];
    let query = prop_oneof![
        Just(String::new()),
        "\\?[!-\"$-~]{0,60}",
        "\\?(&*api_key(=[a-z%&]{0,5})?){1,9}"
    ];
    let absolute = (scheme, host, port, path.clone(), query.clone()).prop_map(
        |(scheme, host, port, path, query)| format!("{scheme}://{host}{port}{path}{query}"),
    );
    let relative = (path, query).prop_map(|(path, query)| format!("{path}{query}"));
    let other = prop_oneof![Just("*".to_owned()), "[a-z]{1,9}:[0-9]{1,5}", "/.{0,20}"];
    prop_oneof![6 => absolute, 1 => relative, 1 => other]
        .prop_filter_map("not a URI", |uri| uri.parse().ok())
}

fn headers() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let name = prop_oneof![
        Just("authorization".to_owned()),
        Just("x-api-key".to_owned()),
        "[a-z][a-z0-9-]{0,12}",
    ]
    .prop_filter_map("not a name", |name| name.parse().ok());
    let value = vec(any::<u8>(), 0..20)
        .prop_filter_map("not a value", |value| HeaderValue::from_bytes(&value).ok());
    vec((name, value), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_request_through_every_scheme(
        uri in uris(),
        method in "[A-Z!#$%&'*+.^_`|~-]{1,10}",
        headers in headers(),
        secret in "[!-~]{1,12}",
        plaintext in any::<bool>(),
    ) {
        let sum = Basic::new("user", &secret).unwrap()
            + HeaderApiKey::new(&secret).unwrap()
            + QueryApiKey::new(&secret).unwrap()
            + Bearer::in_query(&secret, "access token").unwrap().keep_existing()
            + Bearer::in_header(&secret, "x-token", "{token} {token}").unwrap().keep_existing();
        let mut request = Request::new(());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = uri.clone();
        for (name, value) in headers {
            request.headers_mut().append(name, value);
        }
        let here = [Uri::from_static("https://h"), Uri::from_static("http://[::1]")];
        let layer = if plaintext {
            let http = Uri::from_static("http://h");
            sum.danger_allow_plaintext().only_to(here.into_iter().chain([http]).collect::<Vec<_>>())
        } else {
            sum.only_to(here)
        };
        let layer = layer.unwrap();
        let service = layer.layer(service_fn(echo::<()>));
        let Poll::Ready(result) = pin!(service.oneshot(request)).poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("fixed credentials are at hand");
        };
        match result {
            Ok(response) => {
                let sent: Uri = response.headers()["uri"].to_str().unwrap().parse().unwrap();
                prop_assert_eq!(sent.authority(), uri.authority());
                prop_assert_eq!(sent.path(), uri.path());
            }
            Err(Error::Auth(error)) => prop_assert!(!error.to_string().is_empty()),
            Err(Error::Inner(never)) => match *never {},
        }
    }

    #[test]
    fn any_text_as_a_parameter(a in ".{0,12}", b in ".{0,12}") {
        let _ = Basic::new(&a, &b);
        let _ = Basic::for_client(&a, &b);
        let _ = HeaderApiKey::new(&a).and_then(|key| key.in_header(b.as_str()));
        let _ = QueryApiKey::new(&a).and_then(|key| key.in_parameter(&b));
        let _ = Bearer::with_template(&a, &b);
        let _ = Bearer::in_header(&a, b.as_str(), "{token}");
        let _ = Bearer::in_query(&a, &b);
        let _ = Basic::new("", "").unwrap().only_to(a);
    }
}
