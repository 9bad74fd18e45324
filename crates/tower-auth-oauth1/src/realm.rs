//! The `realm` of the `Authorization` header (RFC 5849 section 3.5.1, RFC 9110 section 5.6.4).

use tower_auth_core::AuthError;

/// As the inside of a quoted string.
pub(crate) fn quote(realm: &str) -> Result<String, AuthError> {
    if realm.chars().any(char::is_control) {
        return Err(AuthError::configuration(
            "realm",
            "has a control character, which no header can carry",
        ));
    }
    let mut quoted = String::with_capacity(realm.len());
    for char in realm.chars() {
        if matches!(char, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    Ok(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_escaped_and_control_characters_refused() {
        assert_eq!(quote(r#"a"b\c"#).unwrap(), r#"a\"b\\c"#);
        assert_eq!(quote("réalm, x=1").unwrap(), "réalm, x=1");
        for bad in ["a\nb", "a\r\nX: y", "\t", "\u{7f}", "\u{85}"] {
            let error = quote(bad).unwrap_err();
            assert_eq!(error.parameter(), Some("realm"), "{bad:?}");
        }
    }
}
