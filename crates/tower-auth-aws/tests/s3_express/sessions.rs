//! What is asked of a bucket, and with which credentials.

use crate::{IAM, SESSION, key};
use http::{Request, Response};
use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tower::service_fn;
use tower_auth_aws::{
    Credentials, Identity,
    credentials::{Body, HttpClient, Lent, ProviderContext, S3Express, provider_fn},
};
use tower_auth_core::{AuthError, Clock, RequestHead, Step, clock::ManualClock};

/// A client that is a bucket: it refuses the key `AKIDOLD`. Gives the URLs that it was asked for, too.
fn bucket() -> (HttpClient, Arc<Mutex<Vec<String>>>) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let client = HttpClient::new(service_fn(move |request: Request<Body>| {
        seen.lock().unwrap().push(request.uri().to_string());
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let response = if authorization.contains("AKIDOLD") {
            Response::builder()
                .status(403)
                .body("<Error><Code>InvalidAccessKeyId</Code></Error>".to_owned())
        } else {
            Response::builder().body(format!(
                "<CreateSessionResult><Credentials><SessionToken>{}</SessionToken><SecretAccessKey>{}</SecretAccessKey>\
                 <AccessKeyId>{}</AccessKeyId><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>\
                 </CreateSessionResult>",
                SESSION.2, SESSION.1, SESSION.0
            ))
        };
        std::future::ready(Ok::<_, Infallible>(response.unwrap().map(Body::from)))
    }));
    (client, asked)
}

async fn lent(sessions: &S3Express, url: &str) -> Result<Lent, AuthError> {
    let request = Request::get(url).body(()).unwrap();
    match Identity::acquire(sessions, RequestHead::from(&request), &Clock::system()) {
        Step::Ready(lent) => Ok(lent),
        Step::Wait(future) => future.await,
    }
}

fn id(sessions: &S3Express, lent: &Lent) -> String {
    sessions.credentials(lent).access_key_id().to_owned()
}

#[tokio::test]
async fn no_session_comes_over_plain_http_from_another_machine() {
    let (client, asked) = bucket();
    let context = ProviderContext::new().with_http_client(client);
    let sessions = S3Express::new(&context, key(IAM), "us-west-2").unwrap();
    let error = lent(&sessions, "http://bucket.example.com/a").await;
    let error = format!("{:?}", error.unwrap_err());
    assert!(error.contains("use https"), "{error}");
    assert!(asked.lock().unwrap().is_empty());
    for url in ["https://bucket.example.com/a", "http://127.0.0.1:9000/a"] {
        let session = lent(&sessions, url).await.unwrap();
        assert_eq!(id(&sessions, &session), SESSION.0);
    }
}

#[tokio::test]
async fn credentials_that_a_bucket_refuses_are_fetched_anew() {
    let (client, asked) = bucket();
    let hands = ManualClock::at(Clock::system().now());
    let context = ProviderContext::new()
        .with_http_client(client)
        .with_clock(Clock::new(hands.clone()));
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetches);
    let rotated = provider_fn(move || {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            match first {
                true => Ok(Credentials::new("AKIDOLD", "secret")?),
                false => Ok(key(IAM)),
            }
        }
    });
    let sessions = S3Express::new(&context, rotated, "us-west-2").unwrap();
    let url = "https://bucket.example.com/a";
    let error = format!("{:?}", lent(&sessions, url).await.unwrap_err());
    assert!(error.contains("InvalidAccessKeyId"), "{error}");
    hands.advance(Duration::from_secs(10)); // beyond the pause after a failure
    let session = lent(&sessions, url).await.unwrap();
    assert_eq!(id(&sessions, &session), SESSION.0);
    assert_eq!(fetches.load(Ordering::SeqCst), 2);
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_session_waits_as_long_as_the_credentials_of_the_provider_may_take() {
    let (client, _) = bucket();
    let context = ProviderContext::new().with_http_client(client);
    let slow = provider_fn(|| async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        Ok(key(IAM))
    });
    let sessions = S3Express::new(&context, slow, "us-west-2").unwrap();
    let session = lent(&sessions, "https://bucket.example.com/a").await;
    assert_eq!(id(&sessions, &session.unwrap()), SESSION.0);
}
