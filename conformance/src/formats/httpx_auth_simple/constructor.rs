//! `ctor-<scheme>-<value>`: what cannot be built.

use super::{Input, NAME, Term};
use crate::case::{Case, Verdict};
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

pub(super) fn case(id: String, name: &str, vector: &Value) -> Case {
    let constructor = match Constructor::deserialize(vector) {
        Ok(constructor) => constructor,
        Err(error) => return Case::unknown(id, format!("is not as the format has it: {error}")),
    };
    let Constructor { raises, inputs } = constructor;
    let input = match inputs {
        Some(inputs) => <[Input; 1]>::try_from(inputs).ok().map(|[input]| input),
        None => named(name),
    };
    match input.as_ref().map(Term::read) {
        Some(Ok(term)) => Case::new(id, async move { judge(&term, &raises) }),
        Some(Err(why)) => Case::unknown(id, why),
        None => Case::unknown(id, format!("{NAME} knows no constructor of this name")),
    }
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

/// Both have to refuse, and to blame the same parameter.
fn judge(term: &Term, raises: &str) -> Verdict {
    let error = match term.boxed() {
        Ok(_) => return Verdict::Differs(format!("takes what raised {raises:?}")),
        Err(error) => error,
    };
    let parameter = match (error.kind(), error.parameter()) {
        (ErrorKind::Configuration, Some(parameter)) => parameter,
        _ => return Verdict::Differs(format!("blames no parameter: {error}")),
    };
    match mandatory(raises) {
        Some(recorded) if recorded == parameter => Verdict::Agrees,
        _ => Verdict::Differs(format!("blames `{parameter}`, recorded {raises:?}")),
    }
}

/// What the recorded error misses: `key`, of `Exception: API Key is mandatory.`
fn mandatory(raises: &str) -> Option<String> {
    let what = raises
        .strip_prefix("Exception: ")?
        .strip_suffix(" is mandatory.")?;
    Some(what.rsplit(' ').next()?.to_lowercase())
}
