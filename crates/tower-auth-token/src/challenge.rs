//! The least that has to be read of a `WWW-Authenticate`: whether another token could do better.

use http::{HeaderMap, header::WWW_AUTHENTICATE};
use tower_auth_core::{ResponseHead, challenge};

/// Whether a response means that the token was refused, and another one could do better: a status of 401 (or what a
/// service below marked as [`NotAuthenticated`](tower_auth_core::NotAuthenticated)), unless the challenge says
/// `insufficient_scope` (RFC 6750 section 3.1) or `insufficient_user_authentication` (RFC 9470 section 3).
#[inline]
pub fn is_token_refused(response: ResponseHead<'_>) -> bool {
    response.is_unauthorized() && !is_hopeless(response.headers)
}

#[cold]
fn is_hopeless(headers: &HeaderMap) -> bool {
    challenge::of(headers, &WWW_AUTHENTICATE).any(|challenge| {
        let error = challenge.params().get("error");
        error.is_some_and(|error| HOPELESS.contains(&error))
    })
}

/// The errors that no other token of the same kind cures.
const HOPELESS: [&[u8]; 2] = [b"insufficient_scope", b"insufficient_user_authentication"];

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
