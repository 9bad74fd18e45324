//! What Python makes of a value, where a record shows that.

use serde_json::Value;

/// `repr(value)`.
pub(crate) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(list) => {
            let items: Vec<_> = list.iter().map(repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let items: Vec<_> = map
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(name), repr(value)))
                .collect();
            format!("{{{}}}", items.join(", "))
        }
    }
}

/// `str(value)`.
pub(crate) fn print(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

/// What `if value:` takes for nothing.
pub(crate) fn is_false(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut quoted = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c == quote || c == '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

/// `int(value)`: whole seconds, of numbers, and of texts with digits of any script and with single `_` between them. That
/// of `1e30` is as near as a float is.
pub(crate) fn int(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Number(number) => number.as_f64().map(f64::trunc),
        Value::String(text) => {
            let text = text.trim();
            let (sign, digits) = match text.strip_prefix('-') {
                Some(digits) => (-1.0, digits),
                None => (1.0, text.strip_prefix('+').unwrap_or(text)),
            };
            let mut value = 0.0;
            for group in digits.split('_') {
                if group.is_empty() {
                    return None;
                }
                for c in group.chars() {
                    value = value * 10.0 + f64::from(digit(c)?);
                }
            }
            Some(sign * value)
        }
        _ => None,
    }
}

/// Digits of ASCII, Arabic, Persian, Devanagari, and the wide ones.
fn digit(c: char) -> Option<u32> {
    let zeros = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'];
    let digits = zeros
        .iter()
        .filter_map(|zero| u32::from(c).checked_sub(u32::from(*zero)));
    digits.filter(|digit| *digit < 10).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_printed_and_read_as_python_does() {
        let value = json!(["it's", "a\"'b", "\n", 1, 1.5, true, null, {"k": []}]);
        assert_eq!(
            repr(&value),
            r#"["it's", 'a"\'b', '\n', 1, 1.5, True, None, {'k': []}]"#
        );
        for (value, number) in [
            (json!(" 60 "), Some(60.0)),
            (json!("1_000"), Some(1000.0)),
            (json!("٦٠"), Some(60.0)),
            (json!("-60"), Some(-60.0)),
            (json!(60.9), Some(60.0)),
            (json!(true), Some(1.0)),
            (json!("60.9"), None),
            (json!(""), None),
            (json!("1__0"), None),
            (json!(null), None),
        ] {
            assert_eq!(int(&value), number, "{value}");
        }
    }
}
