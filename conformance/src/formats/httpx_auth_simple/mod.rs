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
use crate::{
    case::{Case, Judged, Why},
    record::{Read as _, entries, same},
};
use serde_json::{Map, Value};

pub(crate) struct HttpxAuthSimple;

impl Format for HttpxAuthSimple {
    fn name(&self) -> &'static str {
        "httpx_auth_simple"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        // Other recordings of the same library have the same top-level keys; they differ in what a vector is.
        let before_and_after = |vector: &Value| {
            ["headers_in", "headers_out", "target_before", "target_out"]
                .iter()
                .all(|field| vector.get(field).is_some())
        };
        let constructor = |vector: &Value| {
            let name = vector.maybe("name");
            vector.get("raises").is_some() && name.is_some_and(|name| name.starts_with("ctor-"))
        };
        file.get("library").and_then(Value::as_str) == Some("httpx_auth")
            && file
                .get("vectors")
                .and_then(Value::as_array)
                .is_some_and(|vectors| {
                    let mut vectors = vectors.iter();
                    vectors.any(|vector| before_and_after(vector) || constructor(vector))
                })
    }

    fn cases(&self, file: &crate::record::Record) -> Vec<Case> {
        let vectors = file.at("vectors").cloned().unwrap_or_default();
        let vectors = entries(file, "", &vectors).into_iter();
        vectors.map(|vector| Case::new(vector, judge)).collect()
    }
}

/// The kind of a vector is the first word of its name.
async fn judge(vector: crate::record::Record) -> Judged {
    let name = vector.name.as_str();
    let kind = name.split('-').next().unwrap_or_default();
    if kind == "ctor" {
        return constructor::judge(name, &vector);
    }
    let record = Record::read(&vector)?;
    match kind {
        "basic" => single(&record, &terms_of(&vector, &record)?, Kind::Basic).await,
        "header" => single(&record, &terms_of(&vector, &record)?, Kind::Header).await,
        "query" => single(&record, &terms_of(&vector, &record)?, Kind::Query).await,
        "multi" => sum::judge(&record, &terms_of(&vector, &record)?, name).await,
        _ => Err("nothing judges vectors of this name".into()),
    }
}

/// The schemes of a vector.
fn terms_of(vector: &crate::record::Record, record: &Record) -> Result<Vec<Term>, Why> {
    if let Some(inputs) = record.inputs() {
        return inputs.iter().map(Term::read).collect();
    }
    let (kind, rest) = vector.name.split_once('-').unwrap_or((&vector.name, ""));
    let kind = match kind {
        "basic" => Kind::Basic,
        "header" => Kind::Header,
        "query" => Kind::Query,
        _ => return counted::terms(record, rest),
    };
    Ok(vec![recover::terms(record, kind)?])
}

fn read(vector: &crate::record::Record) -> Option<Vec<Term>> {
    terms_of(vector, &Record::read(vector).ok()?).ok()
}

/// The parameter for which our constructor has to refuse one of the schemes.
pub(crate) fn forbidden(vector: &crate::record::Record) -> Option<&'static str> {
    read(vector)?.iter().find_map(Term::forbidden)
}

/// Whether two of the schemes write the same name.
pub(crate) fn collides(vector: &crate::record::Record) -> bool {
    let terms = read(vector).unwrap_or_default();
    let names: Vec<_> = terms.iter().filter_map(Term::claim).collect();
    let is_repeated = |(index, name)| names[..index].contains(name);
    names.iter().enumerate().any(is_repeated)
}

/// One scheme by itself.
async fn single(record: &Record, terms: &[Term], kind: Kind) -> Judged {
    let [term] = terms else {
        return Err(format!("not one scheme, but {}", terms.len()).into());
    };
    same("kind", term.kind(), kind)?;
    record.check(terms)?;
    let sent = term.send(record.request()?).await?;
    record.compare(&sent, terms)
}
