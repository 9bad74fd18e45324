//! Any bytes as a stream of events: the same results and the same error, however they are cut.

use crate::wire::{Answer, Cut, End, Limits, block_on, client, describe, expand};
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::Value;
use tower_auth_graphql::Data;

pub(crate) fn check(input: &[u8]) {
    let Some((&[limit, end, ref lengths @ ..], body)) = input.split_first_chunk::<6>() else {
        return;
    };
    let answer = Answer {
        status: StatusCode::OK,
        media: Some(HeaderValue::from_static("text/event-stream; charset=utf-8")),
        body: Bytes::from(expand(body)),
        end: End::read(end),
    };
    let limits = Limits {
        response: 0, // a stream of events may be endless
        part: 2 * usize::from(limit),
    };
    let lengths = [lengths[0], lengths[1], lengths[2], lengths[3]];
    let whole = results(&answer, Cut::Whole, limits);
    assert_eq!(
        whole,
        results(&answer, Cut::Lengths(lengths), limits),
        "{answer:?}"
    );
    assert_eq!(whole, results(&answer, Cut::Bytes, limits), "{answer:?}");
}

fn results(answer: &Answer, cut: Cut, limits: Limits) -> Vec<String> {
    let client = client(answer, cut, limits);
    let mut events = match block_on(client.query("subscription { a }").subscribe()) {
        Ok(events) => events,
        Err(error) => return vec![describe(&error)],
    };
    let mut all = Vec::new();
    while let Some(result) = block_on(events.next()) {
        let is_error = result.is_err();
        all.push(match result {
            Ok(response) => {
                if let Some(Ok(data)) = response.data.as_ref().map(Data::json) {
                    assert!(data.len() <= limits.part);
                }
                let decoded = response.decode::<Value>();
                format!("{:?}", decoded.map_err(|error| describe(&error)))
            }
            Err(error) => describe(&error),
        });
        if is_error {
            assert!(block_on(events.next()).is_none());
        }
    }
    all.push(format!("{events:?}"));
    all
}
