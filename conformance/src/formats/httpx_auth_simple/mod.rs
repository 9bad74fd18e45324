//! `httpx_auth_simple.json`: the static schemes of httpx_auth, and sums of them, before and after.
//!
//! A vector says what a request was and what became of it, and mostly not what the scheme was made of. That is
//! recovered from what the scheme did: see [`recover`].

mod constructor;
mod counted;
mod expression;
mod query;
mod record;
mod recover;
mod sum;
mod term;
#[cfg(test)]
mod tests;
mod user;

use self::{
    record::Record,
    term::{Input, Kind, Term},
};
use super::Format;
use crate::case::{Case, Verdict};
use serde_json::{Map, Value};

pub(crate) struct HttpxAuthSimple;

const NAME: &str = "httpx_auth_simple";

impl Format for HttpxAuthSimple {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        // Other recordings of the same library have the same top-level keys; they differ in what a vector is.
        let before_and_after = |vector: &Value| {
            ["headers_in", "headers_out", "target_before", "target_out"]
                .iter()
                .all(|field| vector.get(field).is_some())
        };
        let constructor = |vector: &Value| {
            vector.get("raises").is_some() && name(vector).is_some_and(|n| n.starts_with("ctor-"))
        };
        file.get("library").and_then(Value::as_str) == Some("httpx_auth")
            && vectors(file).any(|vector| before_and_after(vector) || constructor(vector))
    }

    fn cases(&self, file: &Map<String, Value>) -> Vec<Case> {
        vectors(file)
            .enumerate()
            .map(|(index, vector)| match name(vector) {
                Some(name) => case(name.to_owned(), vector),
                None => Case::unknown(format!("{NAME}/#{index}"), "has no name"),
            })
            .collect()
    }
}

fn vectors(file: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    file.get("vectors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn name(vector: &Value) -> Option<&str> {
    vector.get("name")?.as_str()
}

/// The kind of a vector is the first word of its name.
fn case(name: String, vector: &Value) -> Case {
    let id = format!("{NAME}/{name}");
    let kind = name.split('-').next().unwrap_or_default();
    if kind == "ctor" {
        return constructor::case(id, &name, vector);
    }
    let record = match Record::read(vector) {
        Ok(record) => record,
        Err(why) => return Case::unknown(id, why),
    };
    match kind {
        "basic" => Case::new(id, single(record, Kind::Basic)),
        "header" => Case::new(id, single(record, Kind::Header)),
        "query" => Case::new(id, single(record, Kind::Query)),
        "multi" => Case::new(id, sum::judge(record, name)),
        _ => Case::unknown(id, "nothing judges vectors of this name"),
    }
}

/// One scheme by itself.
async fn single(record: Record, kind: Kind) -> Verdict {
    let terms = match record.inputs() {
        Some(inputs) => inputs.iter().map(Term::read).collect(),
        None => recover::terms(&record, kind).map(|term| vec![term]),
    };
    let term = match terms.as_deref() {
        Ok([term]) if term.kind() == kind => term,
        Ok(terms) => {
            return Verdict::Differs(format!("not one scheme of this kind, but {}", terms.len()));
        }
        Err(why) => return Verdict::Differs(why.clone()),
    };
    if let Err(why) = record.check(std::slice::from_ref(term)) {
        return Verdict::Differs(why);
    }
    if let Some(verdict) = term.refusal() {
        return verdict;
    }
    let request = match record.request() {
        Ok(request) => request,
        Err(why) => return Verdict::Differs(why),
    };
    match term.send(request).await {
        Ok(sent) => record.compare(&sent, std::slice::from_ref(term)).into(),
        Err(error) => Verdict::Refused(error.to_string()),
    }
}
