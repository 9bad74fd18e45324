//! What a server sends beside a code: without secrets, however deep they are.

use serde_json::{Map, Value};
use tower_auth_http::{Redactor, is_secret_name};

/// What a server sent under these names is a secret, wherever else it is repeated.
pub(crate) fn received(fields: &Map<String, Value>, secrets: &mut Redactor) {
    const WORDS: [&str; 6] = [
        "token",
        "secret",
        "password",
        "assertion",
        "cookie",
        "credential",
    ];
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        match value {
            Value::Object(fields) => received(fields, secrets),
            Value::String(text)
                if is_secret_name(&name) && WORDS.iter().any(|word| name.contains(word)) =>
            {
                secrets.secret(&text.into());
            }
            _ => {}
        }
    }
}

/// What shows no secret stays as it was, letter by letter.
pub(super) fn redact(text: &mut String, secrets: &Redactor) {
    if secrets.finds(text) {
        *text = secrets.clean(text);
    }
}

/// Names and scalars, each before it is joined to others.
pub(super) fn redact_fields(fields: &mut Map<String, Value>, secrets: &Redactor) {
    for (mut name, mut value) in std::mem::take(fields) {
        redact(&mut name, secrets);
        redact_value(&mut value, secrets);
        fields.insert(name, value);
    }
}

fn redact_value(value: &mut Value, secrets: &Redactor) {
    match value {
        Value::String(text) => redact(text, secrets),
        Value::Array(values) => values.iter_mut().for_each(|v| redact_value(v, secrets)),
        Value::Object(fields) => redact_fields(fields, secrets),
        Value::Number(number) => {
            if secrets.finds(&number.to_string()) {
                *value = "[redacted]".into();
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// What may be shown of a field.
pub(super) fn shown(name: &str, value: &Value) -> Value {
    match value {
        // `code` is also what some call a number of the error.
        Value::Number(_) if name == "code" => value.clone(),
        _ if is_secret_name(name) => Value::from("[redacted]"),
        Value::Array(values) => values.iter().map(|value| shown(name, value)).collect(),
        Value::Object(fields) => shown_fields(fields),
        _ => value.clone(),
    }
}

pub(super) fn shown_fields(fields: &Map<String, Value>) -> Value {
    let shown = fields
        .iter()
        .map(|(name, value)| (name.clone(), shown(name, value)));
    Value::Object(shown.collect())
}
