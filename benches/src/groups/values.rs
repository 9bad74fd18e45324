//! What it costs that header values are wiped from memory.

use super::floors::{self, KEY};
use crate::{BoxError, Case, Group, Work};
use http::HeaderValue;
use std::rc::Rc;
use tower_auth_core::sensitive_header;

pub(super) const GROUP: Group = Group::new("values", cases);

fn cases() -> Result<Vec<Case>, BoxError> {
    let ours = sensitive_header("key", KEY.as_bytes().to_vec())?;
    Ok(vec![Case::new(
        "clone of a `sensitive_header` / of a plain `HeaderValue`",
        clones(ours),
        clones(floors::value(KEY)?),
    )])
}

fn clones(value: HeaderValue) -> Work<Rc<HeaderValue>, HeaderValue> {
    let value = Rc::new(value);
    Work::new(
        move || Rc::clone(&value),
        |value| HeaderValue::clone(&value),
        |value| value.as_bytes().escape_ascii().to_string(),
    )
}
