//! What holds for every request through the layer.

mod support;

use bytes::Bytes;
use http::{HeaderValue, Request, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use std::{
    collections::HashSet,
    convert::Infallible,
    error::Error as _,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};
use support::{Body, at, parameter, server};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_auth_core::{AuthError, Error, ErrorKind, HeaderApiKey, NoAuth, QueryApiKey, SchemeExt};
use tower_auth_oauth1::{
    BufferForms, DeclaredBody, Method, OAuth1, Sign, SignError, SignErrorKind, SigningKey,
    TokenCredentials,
};

const FORM: &str = "application/x-www-form-urlencoded";

fn oauth() -> OAuth1 {
    OAuth1::new("ck", "cs").unwrap().token("tk", "ts")
}

fn post(uri: &str, content_type: Option<&'static str>, body: &'static str) -> Request<Body> {
    let mut request = Request::post(uri).body(Body::from(body)).unwrap();
    if let Some(content_type) = content_type {
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    request
}

#[tokio::test]
async fn every_request_has_a_nonce_of_its_own() {
    let (client, seen) = server(200, "");
    let client = oauth().layer(client);
    let requests: Vec<_> = (0..100)
        .map(|_| tokio::spawn(client.clone().oneshot(post("https://h/", None, ""))))
        .collect();
    for request in requests {
        request.await.unwrap().unwrap();
    }
    let seen = seen.lock().unwrap();
    let nonces: HashSet<_> = seen
        .iter()
        .map(|request| parameter(request, "oauth_nonce").unwrap())
        .collect();
    assert_eq!(nonces.len(), 100);
}

#[tokio::test]
async fn one_layer_serves_many_users_and_they_do_not_mix() {
    let (client, seen) = server(200, "");
    let client = oauth().layer(client);
    let requests: Vec<_> = (0..50)
        .map(|user| {
            let mut request = post(&format!("https://h/{user}"), None, "");
            request
                .extensions_mut()
                .insert(TokenCredentials::new(format!("token {user}"), "s"));
            tokio::spawn(client.clone().oneshot(request))
        })
        .collect();
    for request in requests {
        request.await.unwrap().unwrap();
    }
    for request in seen.lock().unwrap().iter() {
        let expected = format!("token%20{}", &request.uri().path()[1..]);
        assert_eq!(parameter(request, "oauth_token").unwrap(), expected);
    }
}

/// The same request with the token in the layer, and in an extension.
#[tokio::test]
async fn a_token_of_one_request_signs_as_one_of_the_layer_does() {
    let (client, seen) = server(200, "");
    for method in [
        Method::HMAC_SHA1,
        Method::HMAC_SHA256,
        Method::HMAC_SHA512,
        Method::PLAINTEXT,
    ] {
        let client_only = OAuth1::new("ck", "cs").unwrap().method(method.clone());
        let layered = at(oauth().method(method), 1, "n").layer(client.clone());
        let extended = at(client_only, 1, "n").layer(client.clone());
        layered.oneshot(post("https://h/", None, "")).await.unwrap();
        let mut request = post("https://h/", None, "");
        request
            .extensions_mut()
            .insert(TokenCredentials::new("tk", "ts"));
        extended.oneshot(request).await.unwrap();
        let mut seen = seen.lock().unwrap();
        let headers: Vec<_> = seen
            .drain(..)
            .map(|r| r.headers()["authorization"].clone())
            .collect();
        assert_eq!(headers[0].as_bytes(), headers[1].as_bytes());
        assert!(headers[0].is_sensitive());
    }
}

#[tokio::test]
async fn a_signature_covers_the_keys_of_a_sum_whatever_its_order() {
    let (client, seen) = server(200, "");
    let key = || QueryApiKey::new("k").unwrap() + HeaderApiKey::new("h").unwrap();
    let one = at(oauth(), 1, "n") + key();
    let two = key() & at(oauth(), 1, "n");
    one.layer(client.clone())
        .oneshot(post("https://h/?a=1", None, ""))
        .await
        .unwrap();
    two.layer(client.clone())
        .oneshot(post("https://h/?a=1", None, ""))
        .await
        .unwrap();
    let by_hand = at(oauth(), 1, "n").layer(client);
    by_hand
        .oneshot(post("https://h/?a=1&api_key=k", None, ""))
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    let signatures: HashSet<_> = seen
        .iter()
        .map(|r| parameter(r, "oauth_signature").unwrap())
        .collect();
    assert_eq!(signatures.len(), 1);
}

#[tokio::test]
async fn query_and_body_are_appended_to_and_never_encoded_anew() {
    let (client, seen) = server(200, "");
    let odd = "a=b%20c+d&%7e=%zz&&flag&x=%C3%28";
    let request = post(&format!("https://h/p?{odd}"), None, "");
    oauth()
        .in_query()
        .layer(client.clone())
        .oneshot(request)
        .await
        .unwrap();
    let mut request = post(
        "https://h/p",
        Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8"),
        odd,
    );
    request
        .headers_mut()
        .insert("content-length", HeaderValue::from(odd.len()));
    oauth()
        .in_body()
        .layer(client.clone())
        .oneshot(request)
        .await
        .unwrap();
    oauth()
        .in_body()
        .layer(client)
        .oneshot(post("https://h/p", Some(FORM), ""))
        .await
        .unwrap();
    let requests: Vec<_> = seen.lock().unwrap().drain(..).collect();
    let query = requests[0].uri().query().unwrap();
    assert!(query.starts_with(&format!("{odd}&oauth_nonce=")), "{query}");
    for (request, before) in requests
        .into_iter()
        .skip(1)
        .zip([&format!("{odd}&")[..], ""])
    {
        assert!(!request.headers().contains_key("authorization"));
        let length = request.headers().get("content-length").cloned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = std::str::from_utf8(&body).unwrap();
        assert!(body.starts_with(&format!("{before}oauth_nonce=")), "{body}");
        if let Some(length) = length {
            assert_eq!(length, body.len().to_string());
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_is_covered_by_the_hash_that_is_asked_for() {
    let (client, seen) = server(200, "");
    for (oauth, hash) in [
        (oauth(), None),
        (oauth().body_hash(), Some("Lve95gjOVATpfV8EL5X4nxwjKHE%3D")),
        (
            oauth().body_hash_sha256(),
            Some("f4OxZX%2Fx%2FFO5LcGBSKHWXfwtSx%2Bj1ncoSt3SABJtkGk%3D"),
        ),
    ] {
        let client = oauth.layer(client.clone());
        for (content_type, hash) in [("text/plain", hash), (FORM, None)] {
            let request = post("https://h/", Some(content_type), "Hello World!");
            client.clone().oneshot(request).await.unwrap();
            let request = seen.lock().unwrap().remove(0);
            assert_eq!(parameter(&request, "oauth_body_hash").as_deref(), hash);
        }
    }
}

fn source(error: &AuthError) -> Option<SignErrorKind> {
    SignError::of(error).map(SignError::kind)
}

#[tokio::test]
async fn requests_that_cannot_be_signed_have_one_clear_error_each_and_are_not_sent() {
    let (client, seen) = server(200, "");
    let in_body = oauth().in_body().layer(client.clone());
    let in_header = oauth().limit(4).layer(client.clone());
    let in_query = oauth().in_query().layer(client.clone());
    let get = || {
        Request::get("https://h/")
            .header(CONTENT_TYPE, FORM)
            .body(Body::default())
            .unwrap()
    };
    let head = || {
        Request::head("https://h/")
            .header(CONTENT_TYPE, FORM)
            .body(Body::default())
            .unwrap()
    };
    let json = post("https://h/", Some("application/json"), "{}");
    for (result, expected) in [
        (in_body.clone().oneshot(json).await, SignErrorKind::NotAForm),
        (
            in_body.clone().oneshot(post("https://h/", None, "")).await,
            SignErrorKind::NotAForm,
        ),
        (in_body.clone().oneshot(get()).await, SignErrorKind::NoBody),
        (in_body.clone().oneshot(head()).await, SignErrorKind::NoBody),
        (
            in_header
                .clone()
                .oneshot(post("https://h/", Some(FORM), "a=123"))
                .await,
            SignErrorKind::BodyTooLarge,
        ),
        (
            in_header
                .oneshot(post("https://h/?oauth_token=x", None, ""))
                .await,
            SignErrorKind::Duplicate,
        ),
        (
            in_query
                .oneshot(post("https://h/?oauth%5fsignature=x", None, ""))
                .await,
            SignErrorKind::Duplicate,
        ),
        (
            in_body
                .oneshot(post("https://h/", Some(FORM), "oauth_nonce=1"))
                .await,
            SignErrorKind::Duplicate,
        ),
    ] {
        match result {
            Err(Error::Auth(error)) => {
                assert_eq!(source(&error), Some(expected));
                assert_eq!(error.kind(), ErrorKind::Request);
            }
            other => panic!("{expected:?}: {other:?}"),
        }
    }
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(
        OAuth1::new("", "s").unwrap_err().parameter(),
        Some("client identifier")
    );
    assert_eq!(
        oauth().realm("a\nb").unwrap_err().parameter(),
        Some("realm")
    );
}

#[tokio::test]
async fn an_error_of_signing_tells_what_is_to_blame_and_says_it_once() {
    let (client, _) = server(200, "");
    let in_header = oauth().limit(4).layer(client);
    let send = async |request| {
        let error = in_header.clone().oneshot(request).await.unwrap_err();
        error.auth().unwrap().clone()
    };
    let large = send(post("https://h/", Some(FORM), "a=123")).await;
    assert_eq!(SignError::of(&large).unwrap().limit(), Some(4));
    let twice = send(post("https://h/?oauth_token=x", None, "")).await;
    let cause = SignError::of(&twice).unwrap();
    assert_eq!(cause.parameter(), Some("oauth_token"));
    for error in [large, twice] {
        let cause = error.source().unwrap().to_string();
        let text = error.to_string();
        assert_eq!(text, format!("the request could not be signed: {cause}"));
        assert!(error.source().unwrap().source().is_none());
    }
}

#[tokio::test]
async fn plaintext_needs_tls_or_this_machine_or_a_permission_by_name() {
    let (client, _) = server(200, "");
    let plaintext = || oauth().method(Method::PLAINTEXT);
    let send = async |oauth: OAuth1, uri: &str| {
        let client = oauth.danger_allow_plaintext().layer(client.clone());
        client
            .oneshot(post(uri, None, ""))
            .await
            .map_err(|error| error.auth().map(AuthError::kind))
    };
    for uri in [
        "https://h/",
        "http://127.0.0.1/",
        "http://[::1]:80/",
        "http://localhost/",
    ] {
        assert!(send(plaintext(), uri).await.is_ok(), "{uri}");
    }
    assert_eq!(
        send(plaintext(), "http://h/").await.unwrap_err(),
        Some(ErrorKind::Insecure)
    );
    assert!(
        send(plaintext().danger_reveal_secrets_without_tls(), "http://h/")
            .await
            .is_ok()
    );
    assert!(send(oauth(), "http://h/").await.is_ok());
}

/// A body that tells whether it was touched, and is neither `Clone` nor in memory.
struct Untouched(Arc<Mutex<usize>>);

impl http_body::Body for Untouched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        *self.0.lock().unwrap() += 1;
        Poll::Ready(None)
    }
}

#[tokio::test]
async fn a_stream_that_is_no_form_passes_untouched() {
    let polls = Arc::new(Mutex::new(0));
    let http = service_fn(async |request: Request<Untouched>| {
        assert!(request.headers().contains_key("authorization"));
        Ok::<_, Infallible>(http::Response::new(()))
    });
    let client = oauth().declared_bodies().layer(http);
    let request = Request::post("https://h/")
        .body(Untouched(Arc::clone(&polls)))
        .unwrap();
    client.clone().oneshot(request).await.unwrap();
    assert_eq!(*polls.lock().unwrap(), 0);
    let form = Request::post("https://h/")
        .header(CONTENT_TYPE, FORM)
        .body(Untouched(polls))
        .unwrap();
    let error = client.oneshot(form).await.unwrap_err();
    assert_eq!(
        source(error.auth().unwrap()),
        Some(SignErrorKind::BodyNotAtHand)
    );
}

/// A stream or bytes, as the body of a server framework is: `From<Bytes>`, and not `Clone`.
enum Streamed {
    Bytes(Full<Bytes>),
    Pieces(StreamBody<tokio_stream::Pieces>),
}

mod tokio_stream {
    use super::*;

    /// Pieces that each have to be waited for.
    pub(super) struct Pieces(pub Vec<&'static str>, pub bool);

    impl futures_core::Stream for Pieces {
        type Item = Result<Frame<Bytes>, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.1 = !self.1;
            if self.1 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.0.is_empty() {
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(
                self.0.remove(0).as_bytes(),
            )))))
        }
    }
}

impl From<Bytes> for Streamed {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(Full::new(bytes))
    }
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Bytes(body) => Pin::new(body).poll_frame(cx),
            Self::Pieces(body) => Pin::new(body).poll_frame(cx),
        }
    }
}

/// Sends empty frames without end, or trailers.
struct Odd(bool);

impl From<Bytes> for Odd {
    fn from(_: Bytes) -> Self {
        Self(false)
    }
}

impl http_body::Body for Odd {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(if self.0 {
            Frame::trailers(http::HeaderMap::new())
        } else {
            Frame::data(Bytes::new())
        })))
    }
}

#[tokio::test]
async fn a_form_of_empty_frames_or_with_trailers_is_an_error_and_not_sent() {
    let http = service_fn(
        async |_: Request<Odd>| -> Result<http::Response<()>, Infallible> { panic!("sent") },
    );
    let client = ServiceBuilder::new()
        .layer(BufferForms::up_to(7))
        .layer(oauth().declared_bodies())
        .service(http);
    for (trailers, kind) in [
        (true, SignErrorKind::Trailers),
        (false, SignErrorKind::EmptyFrames),
    ] {
        let request = Request::post("https://h/").header(CONTENT_TYPE, FORM);
        let request = request.body(Odd(trailers)).unwrap();
        let error = client.clone().oneshot(request).await.unwrap_err();
        let error = error.auth().unwrap();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert_eq!(source(error), Some(kind));
    }
}

#[tokio::test]
async fn forms_on_streams_are_buffered_up_to_a_limit_and_signed_like_those_in_memory() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let writes = Arc::clone(&seen);
    let http = service_fn(move |request: Request<Streamed>| {
        let writes = Arc::clone(&writes);
        async move {
            let (parts, body) = request.into_parts();
            let streamed = matches!(body, Streamed::Pieces(_));
            let body = body.collect().await?.to_bytes();
            writes.lock().unwrap().push((
                parts.headers,
                body,
                streamed,
                parts.extensions.get::<DeclaredBody>().is_some(),
            ));
            Ok::<_, Infallible>(http::Response::new(()))
        }
    });
    let streamed = |content_type, pieces: &[&'static str]| {
        let body = Streamed::Pieces(StreamBody::new(tokio_stream::Pieces(
            pieces.to_vec(),
            false,
        )));
        Request::post("https://h/")
            .header(CONTENT_TYPE, content_type)
            .body(body)
            .unwrap()
    };
    let in_header = ServiceBuilder::new()
        .layer(BufferForms::up_to(7))
        .layer(at(oauth(), 1, "n").declared_bodies())
        .service(http.clone());
    let in_body = ServiceBuilder::new()
        .layer(BufferForms::up_to(7))
        .layer(at(oauth(), 1, "n").in_body().declared_bodies())
        .service(http);
    in_header
        .clone()
        .oneshot(streamed(FORM, &["a=1", "&b=2"]))
        .await
        .unwrap();
    in_header
        .clone()
        .oneshot(streamed("text/plain", &["a long text", " and more"]))
        .await
        .unwrap();
    in_body
        .oneshot(streamed(FORM, &["a=1", "&b=2"]))
        .await
        .unwrap();
    let error = in_header
        .oneshot(streamed(FORM, &["a=1", "&b=23"]))
        .await
        .unwrap_err();
    assert_eq!(
        source(error.auth().unwrap()),
        Some(SignErrorKind::BodyTooLarge)
    );

    let (client, memory) = server(200, "");
    at(oauth(), 1, "n")
        .layer(client)
        .oneshot(post("https://h/", Some(FORM), "a=1&b=2"))
        .await
        .unwrap();
    let memory = memory.lock().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen[0].0["authorization"],
        memory[0].headers()["authorization"]
    );
    assert_eq!((&seen[0].1[..], seen[0].2), (&b"a=1&b=2"[..], false));
    assert_eq!(
        (&seen[1].1[..], seen[1].2),
        (&b"a long text and more"[..], true)
    );
    assert!(seen[2].1.starts_with(b"a=1&b=2&oauth_nonce=n&"));
    assert!(!seen[2].3, "the bytes are no longer those of the body");
}

#[tokio::test]
async fn a_request_can_opt_out() {
    let (client, seen) = server(200, "");
    let mut request = post("https://h/", None, "");
    request.extensions_mut().insert(NoAuth);
    oauth().layer(client).oneshot(request).await.unwrap();
    assert!(
        !seen.lock().unwrap()[0]
            .headers()
            .contains_key("authorization")
    );
}

#[test]
fn no_secret_is_shown_and_a_layer_goes_everywhere() {
    fn everywhere<T: Clone + Send + Sync + 'static>(_: &T) {}
    let oauth = OAuth1::new("ck", "hunter2")
        .unwrap()
        .token("hunter2", "hunter2");
    for method in [Method::HMAC_SHA1, Method::HMAC_SHA512, Method::PLAINTEXT] {
        let oauth = oauth.clone().method(method);
        everywhere(&oauth);
        assert!(!format!("{oauth:?}").contains("hunter2"), "{oauth:?}");
    }
}

#[derive(Debug)]
struct Broken;

impl Sign for Broken {
    fn name(&self) -> &str {
        "BROKEN"
    }

    fn sign(
        &self,
        _: &[u8],
        key: SigningKey<'_>,
    ) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        assert_eq!(key.expose(), "cs&ts");
        assert_eq!(format!("{key:?}"), "[redacted]");
        Err("the smart card is not plugged in".into())
    }
}

#[tokio::test]
async fn the_error_of_a_method_of_the_users_own_is_kept() {
    let (client, _) = server(200, "");
    let client = oauth().method(Method::custom(Broken)).layer(client);
    let error = client
        .oneshot(post("https://h/", None, ""))
        .await
        .unwrap_err();
    let error = error.auth().unwrap();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(
        error.source().unwrap().to_string(),
        "the smart card is not plugged in"
    );
}

proptest::proptest! {
    #[test]
    fn no_request_makes_it_panic(
        query in "[!-~é]{0,40}",
        host: Vec<u8>,
        content_type in "(application/x-www-form-urlencoded|text/plain|;| )*",
        body: Vec<u8>,
        token: String,
    ) {
        let Ok(uri) = format!("https://h/p?{query}").parse::<http::Uri>() else { return Ok(()) };
        let mut request = Request::post(uri).body(Body::from(body)).unwrap();
        if let Ok(host) = HeaderValue::from_bytes(&host) {
            request.headers_mut().insert("host", host);
        }
        if let Ok(content_type) = HeaderValue::from_str(&content_type) {
            request.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (client, _) = server(200, "");
        let oauth = OAuth1::new("ck", "cs").unwrap().token(&token, token.as_str());
        for method in [Method::HMAC_SHA1, Method::PLAINTEXT] {
            let oauth = oauth.clone().method(method);
            let _ = runtime.block_on(oauth.clone().layer(client.clone()).oneshot(request.clone()));
            let _ = runtime.block_on(oauth.clone().in_query().layer(client.clone()).oneshot(request.clone()));
            let _ = runtime.block_on(oauth.in_body().layer(client.clone()).oneshot(request.clone()));
        }
    }
}

#[tokio::test]
async fn a_request_whose_headers_are_full_is_told_so_and_not_that_it_is_too_long() {
    let (client, seen) = server(200, "");
    let mut request = post("https://h/", None, "");
    for number in 0.. {
        let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
        let headers = request.headers_mut();
        if headers.try_insert(name, HeaderValue::from(0)).is_err() {
            break;
        }
    }
    let error = oauth().layer(client).oneshot(request).await.unwrap_err();
    let error = error.auth().unwrap();
    assert_eq!(source(error), Some(SignErrorKind::TooManyHeaders));
    assert!(error.to_string().contains("headers"), "{error}");
    assert!(seen.lock().unwrap().is_empty());
}
