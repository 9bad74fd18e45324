//! What is a form.

use http::{HeaderMap, header::CONTENT_TYPE};

/// Whether the body is `application/x-www-form-urlencoded`: media types are case-insensitive, and may have parameters
/// (RFC 9110 section 8.3.1).
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        let value = value.as_bytes();
        let end = value
            .iter()
            .position(|&byte| byte == b';')
            .unwrap_or(value.len());
        value[..end]
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_known_by_its_media_type_alone() {
        for (value, expected) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded", true),
            ("application/x-www-form-urlencoded;charset=UTF-8", true),
            ("application/x-www-form-urlencoded ; charset=UTF-8", true),
            ("application/x-www-form-urlencoded-2", false),
            ("text/plain; x=application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            assert!(!is_form(&headers));
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(is_form(&headers), expected, "{value}");
        }
    }
}
