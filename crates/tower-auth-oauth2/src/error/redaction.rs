//! What a server sends beside a code: without secrets, however deep they are.

use serde_json::{Map, Value};
use tower_auth_http::{Redactor, is_secret_name};

/// What a server sent under these names is a secret, wherever else it is repeated.
pub(crate) fn received(fields: &Map<String, Value>, secrets: &mut Redactor) {
    for (name, value) in fields {
        receive(value, says_secret(name), secrets);
    }
}

/// Texts and numbers, and whatever stands within what has such a name.
fn receive(value: &Value, is_secret: bool, secrets: &mut Redactor) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                receive(value, is_secret || says_secret(name), secrets);
            }
        }
        Value::Array(values) => {
            for value in values {
                receive(value, is_secret, secrets);
            }
        }
        Value::String(text) if is_secret => secrets.secret(&text.into()),
        Value::Number(number) if is_secret => secrets.secret(&number.to_string().into()),
        _ => {}
    }
}

fn says_secret(name: &str) -> bool {
    const WORDS: [&str; 6] = [
        "token",
        "secret",
        "password",
        "assertion",
        "cookie",
        "credential",
    ];
    let name = name.to_ascii_lowercase();
    is_secret_name(&name) && WORDS.iter().any(|word| name.contains(word))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_server_sent_as_a_secret_is_known_however_deep_and_of_whatever_type() {
        let Value::Object(fields) = json!({
            "id_token": 12345678,
            "tokens": [{"value": "in-a-list"}, "second"],
            "data": [{"client_secret": "nested"}],
            "error": "plain",
        }) else {
            unreachable!()
        };
        let mut secrets = Redactor::new();
        received(&fields, &mut secrets);
        for secret in ["12345678", "in-a-list", "second", "nested"] {
            assert!(secrets.finds(secret), "{secret}");
        }
        assert!(!secrets.finds("plain"));
    }
}
