//! The least that has to be read of a `WWW-Authenticate`: whether another token could do better.

use http::{HeaderMap, header::WWW_AUTHENTICATE};
use tower_auth_core::ResponseHead;

/// Whether a response means that the token was refused, and another one could do better: a status of 401 (or what a
/// service below marked as [`NotAuthenticated`](tower_auth_core::NotAuthenticated)), unless the challenge says
/// `insufficient_scope` (RFC 6750 section 3.1) or `insufficient_user_authentication` (RFC 9470 section 3).
#[inline]
pub fn is_token_refused(response: ResponseHead<'_>) -> bool {
    response.is_unauthorized() && !is_hopeless(response.headers)
}

#[cold]
fn is_hopeless(headers: &HeaderMap) -> bool {
    let mut challenges = headers.get_all(WWW_AUTHENTICATE).iter();
    challenges.any(|value| says(value.as_bytes(), &HOPELESS))
}

/// The errors that no other token of the same kind cures.
const HOPELESS: [&[u8]; 2] = [b"insufficient_scope", b"insufficient_user_authentication"];

/// Whether a challenge has a parameter `error` with one of these values. What stands inside of other quoted parameters
/// does not count.
fn says(mut challenge: &[u8], errors: &[&[u8]]) -> bool {
    while !challenge.is_empty() {
        skip_blanks(&mut challenge);
        let name = take_while(&mut challenge, is_token_byte);
        skip_blanks(&mut challenge);
        if name.is_empty() || challenge.first() != Some(&b'=') {
            // A scheme, a comma, or nothing that this is about. A string is passed over as a whole.
            if name.is_empty() && quoted(&mut challenge).is_none() {
                challenge = challenge.get(1..).unwrap_or_default();
            }
            continue;
        }
        challenge = &challenge[1..];
        skip_blanks(&mut challenge);
        let value = match quoted(&mut challenge) {
            Some(text) => text,
            None => take_while(&mut challenge, is_token_byte),
        };
        if name.eq_ignore_ascii_case(b"error") && errors.contains(&value) {
            return true;
        }
    }
    false
}

fn take_while<'a>(rest: &mut &'a [u8], is: fn(u8) -> bool) -> &'a [u8] {
    let end = rest
        .iter()
        .position(|byte| !is(*byte))
        .unwrap_or(rest.len());
    let (taken, left) = rest.split_at(end);
    *rest = left;
    taken
}

fn skip_blanks(rest: &mut &[u8]) {
    take_while(rest, |byte| matches!(byte, b' ' | b'\t'));
}

/// RFC 9110 section 5.6.2, and the characters of token68 but `=`.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~/".contains(&byte)
}

/// The inside of a quoted string. Escapes are left as they are: no error code has any.
fn quoted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let inside = rest.strip_prefix(b"\"")?;
    let mut escaped = false;
    let end = inside.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    let end = end.unwrap_or(inside.len());
    *rest = inside.get(end + 1..).unwrap_or_default();
    Some(&inside[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, Response, StatusCode};

    fn refused(status: u16, challenges: &[&str]) -> bool {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for challenge in challenges {
            let value = HeaderValue::from_str(challenge).unwrap();
            response.headers_mut().append(WWW_AUTHENTICATE, value);
        }
        is_token_refused(ResponseHead::from(&response))
    }

    #[test]
    fn a_401_means_refused_unless_no_other_token_would_do() {
        assert!(!refused(200, &[]));
        assert!(!refused(403, &[r#"Bearer error="invalid_token""#]));
        for challenge in [
            // The examples of RFC 6750 section 3.
            r#"Bearer realm="example""#,
            r#"Bearer realm="example", error="invalid_token", error_description="The access token expired""#,
            // Other schemes, and what only looks like the error.
            "Negotiate a87421000492aa874209af8bc028",
            "Basic dGVzdA==",
            r#"Bearer realm="error=\"insufficient_scope\"""#,
            r#"Bearer error_description="insufficient_scope""#,
            r#"Bearer x="error=insufficient_scope""#,
            "Bearer error=",
            "Bearer error",
            "=",
            "\"",
            "Bearer error=\"insufficient_scope_or_so\"",
        ] {
            assert!(refused(401, &[challenge]), "{challenge}");
        }
        for challenge in [
            r#"Bearer error="insufficient_scope""#,
            r#"Bearer realm="example", ERROR = "insufficient_scope", scope="a b""#,
            "Bearer error=insufficient_scope",
            // RFC 9470 section 3.
            r#"Bearer error="insufficient_user_authentication", acr_values="myACR""#,
            r#"Basic realm="a\"b", Bearer realm="c", error="insufficient_scope""#,
        ] {
            assert!(!refused(401, &[challenge]), "{challenge}");
            assert!(
                !refused(401, &["Basic realm=\"x\"", challenge]),
                "{challenge}"
            );
        }
    }
}
