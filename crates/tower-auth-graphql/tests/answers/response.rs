//! Any bytes as an answer, at any status and of any media type: a value or a clear error, the same however they are cut.

use crate::wire::{Answer, Cut, End, Limits, block_on, client, describe, expand};
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use tower_auth_core::NotAuthenticated;
use tower_auth_graphql::{Client, Data, Error, ErrorKind, Limit, Reply, Request, Response};

const MEDIA: [Option<&str>; 8] = [
    Some("application/json"),
    Some("application/graphql-response+json"),
    Some("application/json; charset=utf-8"),
    Some("APPLICATION/JSON"),
    Some("text/html"),
    Some("application/json;boundary=-"),
    Some(";"),
    None,
];

const STATUS: [u16; 8] = [200, 400, 401, 403, 404, 500, 204, 599];

const DOCUMENTS: [&str; 5] = [
    "{ a b }",
    "mutation { a }",
    "mutation { a b }",
    "query A { a } mutation B { b }",
    "",
];

/// What a caller may expect.
#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Typed {
    a: Option<u8>,
    #[serde(default)]
    b: Vec<String>,
    #[serde(flatten)]
    others: HashMap<String, Value>,
}

pub(crate) fn check(input: &[u8]) {
    let Some((&[status, media, document, limit, end, ref lengths @ ..], body)) =
        input.split_first_chunk::<9>()
    else {
        return;
    };
    let answer = Answer {
        status: StatusCode::from_u16(STATUS[usize::from(status % 8)]).expect("a status"),
        media: MEDIA[usize::from(media % 8)].map(HeaderValue::from_static),
        body: Bytes::from(expand(body)),
        end: End::read(end),
    };
    let document = DOCUMENTS[usize::from(document) % DOCUMENTS.len()];
    let response = if limit % 2 == 0 {
        1 << 20
    } else {
        8 * usize::from(limit)
    };
    let limits = Limits { response, part: 64 };
    let lengths = [lengths[0], lengths[1], lengths[2], lengths[3]];
    let outcome = |cut| outcome(&answer, cut, limits, document);
    let whole = outcome(Cut::Whole);
    assert_eq!(whole, outcome(Cut::Lengths(lengths)), "{answer:?}");
    assert_eq!(whole, outcome(Cut::Bytes), "{answer:?}");
}

/// What comes of an answer, in all the ways to ask.
fn outcome(answer: &Answer, cut: Cut, limits: Limits, document: &'static str) -> Vec<String> {
    let client = client(answer, cut, limits);
    let reply = block_on(client.query(document).reply());
    let mut outcome = vec![match &reply {
        Ok(reply) => format!("{:?}", reply.extensions().get::<NotAuthenticated>()),
        Err(error) => describe(error),
    }];
    if let Ok(reply) = reply {
        outcome.push(single(answer, limits, reply.into_body()));
    }
    let data = block_on(client.query(document).data::<Typed>());
    outcome.push(show(data.map(|data| sorted(&data))));
    let sent = block_on(client.query(document).send::<Value>());
    if let Ok(response) = &sent {
        against_serde(answer, response);
    }
    outcome.push(show(sent));
    outcome.push(batch(&client, document));
    outcome
}

fn single(answer: &Answer, limits: Limits, reply: Reply) -> String {
    let response = match reply.into_single() {
        Ok(response) => response,
        Err(error) => return describe(&error),
    };
    assert!(answer.body.len() <= limits.response);
    let data = response.data.as_ref();
    let text = data.map(Data::json).transpose().map_err(|e| describe(&e));
    if let Ok(Some(text)) = text {
        assert!(text.starts_with('{'));
        // Only what is nested too deep is no value after all.
        if let Err(error) = data.expect("a text").decode::<Value>() {
            assert_eq!(error.kind(), ErrorKind::Limit(Limit::Depth), "{text}");
        }
    }
    let text = format!("{text:?}");
    let data = response.into_data().map_err(|error| describe(&error));
    format!("{text} {data:?}")
}

/// A second opinion on the same bytes.
fn against_serde(answer: &Answer, response: &Response<Value>) {
    let Ok(value) = serde_json::from_slice::<Value>(&answer.body) else {
        return; // nested too deep for serde_json, which counts the envelope too
    };
    let data = response.data.as_ref();
    if let Some(data) = data {
        assert_eq!(Some(data), value.get("data"));
    }
    match value.get("errors") {
        Some(Value::Array(errors)) => assert_eq!(response.errors.len(), errors.len()),
        Some(Value::Object(errors)) => assert_eq!(response.errors.len(), errors.len()),
        other => {
            assert!(other.is_none_or(Value::is_null));
            assert!(response.errors.is_empty());
            assert_eq!(data.is_none(), value["data"].is_null());
        }
    }
}

fn batch<S>(client: &Client<S>, document: &'static str) -> String
where
    S: tower::Service<
            http::Request<tower_auth_graphql::Body>,
            Response = http::Response<Reply>,
            Error = Error,
        > + Clone,
{
    let requests = [Request::new(document), Request::new("{ a }")];
    show(block_on(client.batch(requests).send()).map(|responses| {
        let decoded = responses.into_iter().map(Response::decode::<Value>);
        decoded.map(show).collect::<Vec<_>>()
    }))
}

fn sorted(data: &Typed) -> String {
    let mut others: Vec<_> = data.others.iter().collect();
    others.sort_by_key(|(name, _)| *name);
    format!("{:?} {:?} {others:?}", data.a, data.b)
}

fn show<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => describe(&error),
    }
}
