//! Sums: the finisher runs last, in every order and nesting; conflicts are refused.

mod support;

use http::{HeaderName, HeaderValue, Request};
use support::{Body, echo, get, seen};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_auth_core::{
    AuthError, AuthLayer, Authorize, Basic, Bearer, BoxScheme, Claim, HeaderApiKey, Layered,
    QueryApiKey, Scheme, SchemeExt, Schemes, fixed_scheme, scheme,
};
use tower_http::{auth::AddAuthorizationLayer, set_header::SetRequestHeaderLayer};

fn header() -> HeaderApiKey {
    HeaderApiKey::new("header-key").unwrap()
}

fn query() -> QueryApiKey {
    QueryApiKey::new("query-key").unwrap()
}

fn basic() -> Basic {
    Basic::new("user", "password").unwrap()
}

/// A user's finisher, of another crate than core: "signs" by writing down what it sees.
#[derive(Clone, Debug)]
struct Sign;

impl Scheme for Sign {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&http::header::AUTHORIZATION));
    }
}

impl<B> Authorize<B> for Sign {
    fn authorize(&self, _: (), request: &mut Request<B>) -> Result<(), AuthError> {
        let mut names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let value = format!(
            "{} {}",
            names.join(";"),
            request.uri().query().unwrap_or("")
        );
        request
            .headers_mut()
            .insert("authorization", value.parse().unwrap());
        Ok(())
    }
}

scheme!(finisher Sign);

/// A user's key with a type parameter.
#[derive(Clone, Debug)]
struct Stamp<T>(T);

impl<T: Clone + Into<HeaderValue>> Scheme for Stamp<T> {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&HeaderName::from_static("x-stamp")));
    }
}

impl<B, T: Clone + Into<HeaderValue>> Authorize<B> for Stamp<T> {
    fn authorize(&self, _: (), request: &mut Request<B>) -> Result<(), AuthError> {
        request
            .headers_mut()
            .insert("x-stamp", self.0.clone().into());
        Ok(())
    }
}

scheme!(key [T: Clone + Into<HeaderValue>] Stamp<T>);

#[tokio::test]
async fn a_signature_covers_every_key_in_whatever_order_and_nesting() {
    macro_rules! signed {
        ($sum:expr) => {{
            let service = ServiceBuilder::new().layer($sum).service_fn(echo::<Body>);
            let response = service.oneshot(get("https://h/p?a=1")).await.unwrap();
            assert_eq!(seen(&response, "x-api-key").unwrap(), "header-key");
            assert_eq!(
                seen(&response, "uri").unwrap(),
                "https://h/p?a=1&api_key=query-key"
            );
            assert_eq!(
                seen(&response, "authorization").unwrap(),
                "x-api-key;x-stamp a=1&api_key=query-key"
            );
        }};
    }
    let stamp = || Stamp(7_u16);
    signed!(header() + query() + stamp() + Sign);
    signed!(Sign + header() + query() + stamp());
    signed!(header() + Sign + (query() & stamp()));
    signed!(header() + (stamp() + (query() + Sign)));
    signed!((Sign & query()) & (stamp() & header()));
    signed!((stamp() + Sign) + (header() + query()));
    signed!(
        Schemes::new([
            BoxScheme::<Body>::new(Sign),
            BoxScheme::new(header() + query()),
            BoxScheme::new(stamp()),
        ])
        .unwrap()
    );
    signed!(
        Schemes::new([
            BoxScheme::<Body>::new(Sign + header()),
            BoxScheme::new(query())
        ])
        .unwrap()
            + stamp()
    );
    signed!(AuthLayer::new(Some(stamp() + Sign + query() + header())));
}

#[test]
fn keys_keep_the_order_in_which_they_were_added() {
    let sum = query() + Sign + header();
    assert_eq!(
        format!("{sum:?}"),
        "Sum { keys: (QueryApiKey { name: \"api_key\", .. }, \
         HeaderApiKey { name: \"x-api-key\", .. }), finisher: Sign }"
    );
}

#[test]
#[should_panic(
    expected = "two terms of this sum write header `x-api-key`; give one of them another name"
)]
fn two_keys_in_one_header_are_refused() {
    let _ = header() + query() + header();
}

#[test]
#[should_panic(expected = "two terms of this sum write query parameter `api_key`")]
fn two_keys_in_one_query_parameter_are_refused() {
    let _ = query() & (header() & query());
}

#[test]
#[should_panic(expected = "two terms of this sum write header `authorization`")]
fn a_key_in_the_authorization_header_does_not_go_with_a_finisher() {
    let _ = header().in_header("Authorization").unwrap() + basic();
}

#[test]
fn sums_made_at_run_time_give_errors_instead() {
    let refused = |schemes: Vec<BoxScheme<Body>>| {
        let error = Schemes::new(schemes).unwrap_err();
        assert_eq!(error.parameter(), Some("schemes"));
        error.to_string()
    };
    assert_eq!(
        refused(vec![
            BoxScheme::new(header()),
            BoxScheme::new(query() + header())
        ]),
        "unusable `schemes`: two of them write header `x-api-key`; give one of them another name"
    );
    assert_eq!(
        refused(vec![
            BoxScheme::new(basic()),
            BoxScheme::new(Sign + header())
        ]),
        "unusable `schemes`: 2 of them write `Authorization` or sign; keep one"
    );
    assert!(Schemes::<Body>::new([]).is_ok());
}

#[tokio::test]
async fn an_absent_scheme_adds_nothing() {
    for (scheme, sent) in [
        (Some(basic()), Some("Basic dXNlcjpwYXNzd29yZA==")),
        (None, None),
    ] {
        let alone = AuthLayer::new(scheme.clone()).layer(service_fn(echo::<Body>));
        let response = alone.oneshot(get("https://h/")).await.unwrap();
        assert_eq!(seen(&response, "authorization").as_deref(), sent);
        let summed = (header() + scheme).layer(service_fn(echo::<Body>));
        let response = summed.oneshot(get("https://h/")).await.unwrap();
        assert_eq!(seen(&response, "authorization").as_deref(), sent);
        assert_eq!(seen(&response, "x-api-key").unwrap(), "header-key");
    }
}

#[tokio::test]
async fn foreign_layers_join_from_the_left() {
    let set = SetRequestHeaderLayer::<HeaderValue>::overriding(
        HeaderName::from_static("x-a"),
        HeaderValue::from_static("1"),
    );
    let sum = Layered(set.clone()) + Sign + AddAuthorizationLayer::bearer("later");
    let response = sum
        .layer(service_fn(echo::<Body>))
        .oneshot(get("https://h/"))
        .await
        .unwrap();
    assert_eq!(seen(&response, "x-a").unwrap(), "1");
    assert_eq!(seen(&response, "authorization").unwrap(), "Bearer later"); // the left one saw it first
    let response = (Layered(set) & Sign)
        .layer(service_fn(echo::<Body>))
        .oneshot(get("https://h/"))
        .await
        .unwrap();
    assert_eq!(seen(&response, "authorization").unwrap(), "x-a ");
}

#[tokio::test]
async fn a_token_in_a_place_of_its_own_is_a_key() {
    let sum = Bearer::in_header("t", "x-token", "{token}").unwrap()
        + Bearer::in_query("t", "access_token").unwrap()
        + Sign;
    let response = sum
        .layer(service_fn(echo::<Body>))
        .oneshot(get("https://h/"))
        .await
        .unwrap();
    assert_eq!(
        seen(&response, "authorization").unwrap(),
        "x-token access_token=t"
    );
}

#[tokio::test]
async fn what_the_caller_set_is_replaced_unless_told_to_keep_it() {
    let request = || {
        let mut request = get("https://h/?api_key=mine");
        request
            .headers_mut()
            .append("authorization", "mine".parse().unwrap());
        request
            .headers_mut()
            .append("authorization", "too".parse().unwrap());
        request
    };
    let service = (basic() + query() + header()).layer(service_fn(echo::<Body>));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(
        response.headers().get_all("authorization").iter().count(),
        1
    );
    assert_eq!(
        seen(&response, "authorization").unwrap(),
        "Basic dXNlcjpwYXNzd29yZA=="
    );
    assert_eq!(
        seen(&response, "uri").unwrap(),
        "https://h/?api_key=query-key"
    );

    let keep = basic().keep_existing() + query().keep_existing() + header().keep_existing();
    let service = keep.layer(service_fn(echo::<Body>));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(
        response.headers().get_all("authorization").iter().count(),
        2
    );
    assert_eq!(seen(&response, "uri").unwrap(), "https://h/?api_key=mine");
    assert_eq!(seen(&response, "x-api-key").unwrap(), "header-key");
}

#[test]
fn what_does_not_compile_says_why() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
