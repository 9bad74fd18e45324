//! Seals: the third place of a sum, after the finisher, in every order and nesting.

mod support;

use http::{HeaderName, Request, header::AUTHORIZATION};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use support::{Body, Numbered, echo, get, seen};
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_auth_core::{
    AuthError, AuthLayer, Authorize, Basic, Bearer, BoxScheme, Claim, Deferred, HeaderApiKey,
    Never, Observe, QueryApiKey, RequestHead, ResponseHead, Scheme, SchemeExt, Schemes, Step,
    Verdict, fixed_scheme, insert_header, replay::Cloned, scheme, sensitive_header,
};

static SIGNATURE: HeaderName = HeaderName::from_static("signature");
static SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");

/// A seal of another crate than core, in the manner of RFC 9421: names what it covers, and "signs" it by writing it
/// down.
#[derive(Clone, Debug)]
struct Toy;

fn sign<B>(request: &mut Request<B>, nonce: usize) -> Result<(), AuthError> {
    let mut input = String::from("\"@target-uri\"");
    let mut base = request.uri().to_string();
    for (name, value) in request.headers() {
        input.push_str(&format!(" \"{name}\""));
        base.push_str(&format!("|{}", value.to_str().unwrap()));
    }
    input.push_str(&format!(";nonce={nonce}"));
    let headers = request.headers_mut();
    insert_header(headers, SIGNATURE_INPUT.clone(), input.parse().unwrap())?;
    let signature = sensitive_header("signature", base.into_bytes())?;
    insert_header(headers, SIGNATURE.clone(), signature)
}

fn claims(visit: &mut dyn FnMut(Claim<'_>)) {
    visit(Claim::Header(&SIGNATURE));
    visit(Claim::Header(&SIGNATURE_INPUT));
}

impl Scheme for Toy {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        claims(visit);
    }
}

impl<B> Authorize<B> for Toy {
    fn authorize(&self, (): (), request: &mut Request<B>) -> Result<(), AuthError> {
        sign(request, 0)
    }
}

scheme!(seal Toy);

fn header() -> HeaderApiKey {
    HeaderApiKey::new("header-key").unwrap()
}

fn query() -> QueryApiKey {
    QueryApiKey::new("query-key").unwrap()
}

fn basic() -> Basic {
    Basic::new("user", "password").unwrap()
}

fn bearer_key() -> Bearer<tower_auth_core::bearer::InHeader> {
    Bearer::in_header("t", "x-token", "{token}").unwrap()
}

#[tokio::test]
async fn a_seal_covers_the_finished_authorization_and_every_key_in_whatever_order_and_nesting() {
    macro_rules! sealed {
        ($sum:expr) => {{
            let service = ServiceBuilder::new().layer($sum).service_fn(echo::<Body>);
            let response = service.oneshot(get("https://h/p?a=1")).await.unwrap();
            let input = seen(&response, "signature-input").unwrap();
            let (covered, _) = input.split_once(';').unwrap();
            let mut covered: Vec<_> = covered.split(' ').collect();
            covered.sort_unstable();
            assert_eq!(
                covered,
                [
                    "\"@target-uri\"",
                    "\"authorization\"",
                    "\"x-api-key\"",
                    "\"x-token\""
                ]
            );
            let signature = seen(&response, "signature").unwrap();
            assert!(signature.starts_with("https://h/p?a=1&api_key=query-key|"));
            assert!(
                signature.contains("|Basic dXNlcjpwYXNzd29yZA=="),
                "{signature}"
            );
            assert!(signature.contains("|header-key"), "{signature}");
        }};
    }
    sealed!(header() + bearer_key() + query() + basic() + Toy);
    sealed!(Toy + basic() + query() + bearer_key() + header());
    sealed!(header() + Toy + bearer_key() + (basic() & query()));
    sealed!((Toy + header()) + (basic() + query() + bearer_key()));
    sealed!(basic() & (bearer_key() & (Toy & (query() & header()))));
    sealed!((basic() + Toy) & (query() + (header() + bearer_key())));
    sealed!((query() + Toy + bearer_key()) + (header() + basic()));
    sealed!(header() + Some(Toy) + Some(basic()) + query() + bearer_key());
    sealed!(Toy.keep_existing() + basic().keep_existing() + query() + header() + bearer_key());
    sealed!(AuthLayer::new(Some(
        Toy + header() + basic() + query() + bearer_key()
    )));

    let boxed = |schemes: Vec<BoxScheme<Body>>| Schemes::new(schemes).unwrap();
    sealed!(boxed(vec![
        BoxScheme::new(Toy),
        BoxScheme::new(basic()),
        BoxScheme::new(header() + bearer_key()),
        BoxScheme::new(query()),
    ]));
    // A sum in the list comes apart: its key is not held back by its seal.
    sealed!(boxed(vec![
        BoxScheme::new(basic() + query()),
        BoxScheme::new(Toy + header()),
        BoxScheme::new(bearer_key()),
    ]));
    sealed!(boxed(vec![
        BoxScheme::new(Toy + basic()),
        BoxScheme::new(header() + query() + bearer_key()),
    ]));
    // Run-time sums as terms: of a list, and of a written sum, which can have further keys only.
    sealed!(boxed(vec![
        BoxScheme::new(boxed(vec![BoxScheme::new(Toy), BoxScheme::new(basic())])),
        BoxScheme::new(header()),
        BoxScheme::new(query() + bearer_key()),
    ]));
    sealed!(
        boxed(vec![
            BoxScheme::new(Toy),
            BoxScheme::new(basic()),
            BoxScheme::new(header())
        ]) + query()
            + bearer_key()
    );
    sealed!(query() + Some(boxed(vec![BoxScheme::new(Toy + header() + basic())])) + bearer_key());
}

#[tokio::test]
async fn a_seal_alone_and_an_absent_seal_are_sums_too() {
    let service = ServiceBuilder::new().layer(Toy).service_fn(echo::<Body>);
    let response = service.oneshot(get("https://h/p")).await.unwrap();
    assert_eq!(seen(&response, "signature").unwrap(), "https://h/p");
    let absent = header() + None::<Toy> + basic();
    let service = ServiceBuilder::new().layer(absent).service_fn(echo::<Body>);
    let response = service.oneshot(get("https://h/p")).await.unwrap();
    assert_eq!(seen(&response, "signature"), None);
    assert!(seen(&response, "authorization").is_some());
}

#[test]
fn two_seals_of_a_run_time_sum_are_an_error() {
    let schemes = [
        BoxScheme::<Body>::new(Toy),
        BoxScheme::new(header()),
        BoxScheme::new(Toy + basic()),
    ];
    let error = Schemes::new(schemes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unusable `schemes`: 2 of them seal the request; keep one"
    );
    let inner = || Schemes::new([BoxScheme::<Body>::new(header())]).unwrap();
    let error = Schemes::new([BoxScheme::new(inner()), BoxScheme::new(Toy)]).unwrap_err();
    assert_eq!(error.parameter(), Some("schemes")); // it may hold a seal
}

#[test]
#[should_panic(expected = "two terms of this sum write header `signature`")]
fn a_key_in_the_header_of_a_seal_is_refused() {
    let _ = Toy + header().in_header("signature").unwrap();
}

#[test]
fn a_sum_prints_its_seal() {
    assert_eq!(
        format!("{:?}", Toy + basic()),
        format!("Sum {{ keys: (), finisher: {:?}, seal: Toy }}", basic())
    );
}

/// A seal that learns from responses: the nonce of its signatures is that of the last response.
#[derive(Clone, Debug, Default)]
struct Learning(Arc<AtomicUsize>);

#[derive(Debug)]
struct SentNonce(Arc<AtomicUsize>, usize);

impl Scheme for Learning {
    type Mode = Deferred;
    type Credentials = usize;
    type Sent = SentNonce;
    type Acquire = Never<Result<usize, AuthError>>;

    fn acquire(&self, _: RequestHead<'_>, _: Option<&SentNonce>) -> Step<usize, Self::Acquire> {
        Step::Ready(self.0.load(Ordering::SeqCst))
    }

    fn is_same(&self, sent: &SentNonce, next: &usize) -> bool {
        sent.1 == *next
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        claims(visit);
    }
}

impl<B> Authorize<B> for Learning {
    fn authorize(&self, nonce: usize, request: &mut Request<B>) -> Result<SentNonce, AuthError> {
        sign(request, nonce)?;
        Ok(SentNonce(Arc::clone(&self.0), nonce))
    }
}

impl Observe for SentNonce {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        let nonce = response.headers.get("nonce");
        if let Some(nonce) = nonce.and_then(|nonce| nonce.to_str().ok()?.parse().ok()) {
            self.0.store(nonce, Ordering::SeqCst);
        }
        if response.is_unauthorized() {
            Verdict::Refused
        } else {
            Verdict::Accepted
        }
    }
}

scheme!(seal Learning);

#[tokio::test]
async fn a_seal_sees_responses_and_a_replay_is_sealed_again_over_the_new_authorization() {
    let numbered = Numbered::default();
    numbered.revoke(1);
    let server = || {
        let server = numbered.server();
        tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let mut response = server.oneshot(request).await?;
                response.headers_mut().insert("nonce", 7.into());
                Ok::<_, std::convert::Infallible>(response)
            }
        })
    };
    let sum = Learning::default() + numbered.clone() + header();
    let response = sum
        .replay(Cloned)
        .layer(server())
        .oneshot(get("https://h/"));
    let response = response.await.unwrap();
    assert_eq!(seen(&response, "authorization").unwrap(), "Bearer t2");
    let signature = seen(&response, "signature").unwrap();
    assert!(signature.contains("Bearer t2"), "{signature}");
    let input = seen(&response, "signature-input").unwrap();
    assert!(input.ends_with(";nonce=7"), "{input}");
    assert!(!input.contains("signature"), "{input}"); // made of the request as the caller gave it

    let schemes = Schemes::<Body>::new([
        BoxScheme::new(Learning::default()),
        BoxScheme::new(numbered.clone()),
    ]);
    numbered.revoke(2);
    let client = schemes.unwrap().replay(Cloned).layer(server());
    let response = client.oneshot(get("https://h/")).await.unwrap();
    assert_eq!(
        seen(&response, AUTHORIZATION.as_str()).unwrap(),
        "Bearer t3"
    );
    assert!(seen(&response, "signature").unwrap().contains("Bearer t3"));
    assert!(
        seen(&response, "signature-input")
            .unwrap()
            .ends_with(";nonce=7")
    );
}
