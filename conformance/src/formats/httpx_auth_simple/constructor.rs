//! `ctor-<scheme>-<value>`: what cannot be built.

use super::{Input, Term};
use crate::{
    case::Judged,
    record::{Read as _, same},
};
use serde::Deserialize;
use serde_json::Value;
use tower_auth_core::ErrorKind;

#[derive(Deserialize)]
struct Constructor {
    /// Type and text of the error.
    raises: String,
    /// Only in what our own recorder writes.
    inputs: Option<Vec<Input>>,
}

/// Both have to refuse, and to blame the same parameter.
pub(super) fn judge(name: &str, vector: &Value) -> Judged {
    let Constructor { raises, inputs } = vector.read("")?;
    let input = match inputs {
        Some(inputs) => <[Input; 1]>::try_from(inputs).ok().map(|[input]| input),
        None => named(name),
    };
    let term = Term::read(&input.ok_or("nothing knows a constructor of this name")?)?;
    let Err(error) = term.boxed() else {
        return Err(format!("takes what raised {raises:?}").into());
    };
    same("kind", error.kind(), ErrorKind::Configuration)?;
    let recorded = mandatory(&raises);
    same("blames", error.parameter(), recorded.as_deref())
}

/// The input, where the name says it.
fn named(name: &str) -> Option<Input> {
    let (scheme, value) = name.strip_prefix("ctor-")?.split_once('-')?;
    let key = match value {
        "none" => None,
        "empty" => Some(String::new()),
        _ => return None,
    };
    match scheme {
        "header" => Some(Input::Header { key, name: None }),
        "query" => Some(Input::Query { key, name: None }),
        _ => None,
    }
}

/// What the recorded error misses: `key`, of `Exception: API Key is mandatory.`
fn mandatory(raises: &str) -> Option<String> {
    let what = raises
        .strip_prefix("Exception: ")?
        .strip_suffix(" is mandatory.")?;
    Some(what.rsplit(' ').next()?.to_lowercase())
}
