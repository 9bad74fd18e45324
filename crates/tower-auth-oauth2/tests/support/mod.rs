//! An authorization server that answers by a script and remembers what it was sent, and a real one on loopback.
#![allow(dead_code)] // each test file uses a part

pub(crate) mod server;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tower_auth_oauth2::HttpClient;

/// A request, as it was received.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Received>>>);

impl Log {
    pub(crate) fn all(&self) -> Vec<Received> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.all()
            .into_iter()
            .map(|received| received.body)
            .collect()
    }

    pub(crate) fn last(&self) -> Received {
        self.all().pop().expect("something was sent")
    }
}

/// All values of a form, and Basic credentials, as a careless server repeats them.
fn repeated(headers: &HeaderMap, body: &[u8]) -> String {
    let mut words: Vec<String> = form_urlencoded::parse(body)
        .map(|(_, value)| value.into_owned())
        .collect();
    let basic = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    words.extend(
        basic.map(|pair| String::from_utf8(BASE64_STANDARD.decode(pair).unwrap()).unwrap()),
    );
    words.join(", ")
}

/// The body and the credentials as they were written, as a server repeats them that could not read them.
fn raw(headers: &HeaderMap, body: &[u8]) -> String {
    let credentials = headers.get("authorization").map(|value| value.as_bytes());
    let text = [body, b" with ", credentials.unwrap_or_default()].concat();
    String::from_utf8(text).unwrap()
}

/// Answers with these, the last one for ever. `{sent}` becomes what the request said, `{raw}` how it said that.
pub(crate) fn answering(answers: &[(u16, &str)]) -> (HttpClient, Log) {
    let answers: Vec<(u16, String)> = answers.iter().map(|(s, b)| (*s, (*b).to_owned())).collect();
    let log = Log::default();
    let kept = log.clone();
    let service = tower::service_fn(move |request: Request<tower_auth_oauth2::Body>| {
        let (answers, log) = (answers.clone(), kept.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let sent = repeated(&parts.headers, &body);
            let raw = raw(&parts.headers, &body);
            let index = {
                let mut log = log.0.lock().unwrap();
                log.push(Received {
                    uri: parts.uri.to_string(),
                    headers: parts.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                });
                log.len() - 1
            };
            let (status, body) = &answers[index.min(answers.len() - 1)];
            let body = Full::<Bytes>::from(body.replace("{sent}", &sent).replace("{raw}", &raw));
            Ok::<_, Infallible>(Response::builder().status(*status).body(body).unwrap())
        }
    });
    (HttpClient::new(service), log)
}
