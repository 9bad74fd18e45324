//! Any bytes as a stream of parts: the same parts, the same response and the same error, however they are cut.

use crate::wire::{Answer, Cut, End, Limits, block_on, client, describe, expand};
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::Value;
use tower_auth_graphql::Reply;

const QUERY: &str = "{ a ... @defer { b } }";

/// Boundaries that are written otherwise than they are, or collide with what else stands in a body.
const BOUNDARIES: [&[u8]; 8] = [
    b"",
    b"; boundary=-",
    b"; boundary=\"-\"; deferSpec=20220824",
    b";BOUNDARY = graphql",
    b"; boundary=\"\"",
    b"; boundary=\"{\"",
    b"; boundary=--",
    b"; boundary=\"- -\"",
];

pub(crate) fn check(input: &[u8]) {
    let Some((&[boundary, limit, end, ref lengths @ ..], rest)) = input.split_first_chunk::<7>()
    else {
        return;
    };
    let (parameters, body) = match BOUNDARIES.get(usize::from(boundary)) {
        Some(parameters) => (*parameters, rest),
        None => rest.split_at(usize::from(boundary % 32).min(rest.len())),
    };
    let Ok(media) = HeaderValue::from_bytes(&[b"multipart/mixed", parameters].concat()) else {
        return;
    };
    let answer = Answer {
        status: StatusCode::OK,
        media: Some(media),
        body: Bytes::from(expand(body)),
        end: End::read(end),
    };
    // The limit of the whole is not here: what goes over it counts when it arrives, so a stream that is complete before
    // need not be an error.
    let limits = Limits {
        response: 1 << 20,
        part: 2 * usize::from(limit),
    };
    let lengths = [lengths[0], lengths[1], lengths[2], lengths[3]];
    for outcome in [parts, merged] {
        let whole = outcome(&answer, Cut::Whole, limits);
        assert_eq!(
            whole,
            outcome(&answer, Cut::Lengths(lengths), limits),
            "{answer:?}"
        );
        assert_eq!(whole, outcome(&answer, Cut::Bytes, limits), "{answer:?}");
        // A small limit of the whole is obeyed, whenever it is reached.
        let small = Limits {
            response: limits.part,
            ..limits
        };
        outcome(&answer, Cut::Lengths(lengths), small);
    }
}

/// One part after the other.
fn parts(answer: &Answer, cut: Cut, limits: Limits) -> Vec<String> {
    let client = client(answer, cut, limits);
    let reply = match block_on(client.query(QUERY).reply()) {
        Ok(reply) => reply.into_body(),
        Err(error) => return vec![describe(&error)],
    };
    let Reply::Stream(mut parts) = reply else {
        return vec![format!(
            "{:?}",
            reply.into_single().map_err(|e| describe(&e))
        )];
    };
    let mut all = Vec::new();
    let mut size = 0;
    while let Some(part) = block_on(parts.next()) {
        match part {
            Ok(part) => {
                assert!(part.len() <= limits.part);
                size += part.len();
                all.push(format!("{part:?}"));
            }
            Err(error) => {
                all.push(describe(&error));
                assert!(block_on(parts.next()).is_none());
            }
        }
    }
    assert!(size <= limits.response.min(answer.body.len()));
    all
}

/// The response as it grows.
fn merged(answer: &Answer, cut: Cut, limits: Limits) -> Vec<String> {
    let client = client(answer, cut, limits);
    let mut response = match block_on(client.query(QUERY).stream()) {
        Ok(response) => response,
        Err(error) => return vec![describe(&error)],
    };
    let mut all = Vec::new();
    loop {
        let updated = block_on(response.update());
        let (data, errors) = (response.data(), response.errors());
        all.push(format!("{data:?} {errors:?} {:?}", response.extensions()));
        match updated {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                all.push(describe(&error));
                assert!(matches!(block_on(response.update()), Ok(false)));
                break;
            }
        }
    }
    let finished = block_on(response.finish::<Value>());
    all.push(format!("{:?}", finished.map_err(|error| describe(&error))));
    all
}
