//! What a scheme was made of, from what it did.
//!
//! The vectors of the original format do not say. So a Basic header is decoded, and a header or query parameter that was
//! not there before is a key. Our scheme is then built of that and has to do the same. An empty key is not recovered:
//! the peer builds no scheme of it.

use super::{
    Kind, Term,
    query::{Pair, pairs},
    record::Record,
};
use crate::case::Why;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The one term of this kind.
pub(super) fn terms(record: &Record, kind: Kind) -> Result<Term, Why> {
    let mut found = match kind {
        Kind::Basic => basic(record).into_iter().collect(),
        Kind::Header => header_keys(record, |_| true),
        Kind::Query => query_keys(record),
        Kind::Letter => Vec::new(),
    };
    match (found.pop(), found.len()) {
        (Some(term), 0) => Ok(term),
        (None, _) => Err("the record does not show what the scheme was made of".into()),
        (Some(_), more) => Err(format!("the record shows {} schemes", more + 1).into()),
    }
}

/// User name and password, split at the first colon.
pub(super) fn basic(record: &Record) -> Option<Term> {
    let encoded = record
        .headers_out
        .get("authorization")?
        .strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (username, password) = pair.split_once(':')?;
    Some(Term::Basic {
        username: username.to_owned(),
        password: password.to_owned(),
    })
}

/// Headers that were not there before, or not so. When nothing changed, a header of the default name was written over
/// itself.
pub(super) fn header_keys(record: &Record, wanted: impl Fn(&str) -> bool) -> Vec<Term> {
    const DEFAULT: &str = "x-api-key";
    let wanted: Vec<_> = record
        .headers_out
        .iter()
        .filter(|(name, value)| wanted(name) && !value.is_empty())
        .collect();
    let changed = wanted
        .iter()
        .filter(|(name, value)| record.headers_in.get(*name) != Some(value));
    let mut changed: Vec<_> = changed.copied().collect();
    if changed.is_empty() {
        changed.extend(wanted.into_iter().filter(|(name, _)| *name == DEFAULT));
    }
    let key = |(name, key): (&String, &String)| Term::Header {
        name: (name != DEFAULT).then(|| name.clone()),
        key: key.clone(),
    };
    changed.into_iter().map(key).collect()
}

/// Parameters that were not there before, or not so, in their order; else the default one, as with headers.
pub(super) fn query_keys(record: &Record) -> Vec<Term> {
    const DEFAULT: &str = "api_key";
    let mut before = pairs(&record.target_before);
    let out = pairs(&record.target_out);
    let mut changed: Vec<Pair> = Vec::new();
    for pair in &out {
        match before.iter().position(|old| old == pair) {
            Some(old) => drop(before.swap_remove(old)),
            None => changed.push(pair.clone()),
        }
    }
    if changed.is_empty() {
        changed.extend(out.into_iter().filter(|(name, _)| name == DEFAULT));
    }
    changed.retain(|(_, value)| !value.is_empty());
    let key = |(name, key): Pair| Term::Query {
        name: (name != DEFAULT).then_some(name),
        key,
    };
    changed.into_iter().map(key).collect()
}
