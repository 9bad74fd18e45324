//! Pages as responses.

use super::{DisplaySettings, FRAGMENT};
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use tower_auth_http::Body;

/// What is shown.
#[derive(Debug)]
pub(crate) enum Page {
    Success,
    /// With what went wrong.
    Failure(String),
    /// The script that reads what is behind the `#`.
    Fragment,
    Favicon,
    /// It is an answer, but not the one that is waited for.
    NotExpected,
    /// The answer is there already.
    Over,
    NotFound,
    BadMethod,
    BadHost,
    TooLarge,
}

/// The hash of the script that both pages of ours end with, and that of the page for fragments.
const CLOSE: &str = "sha256-voeYGXWL+OhpC8oFmgsR470nn8JpnZM5Z5MTrpazc7I=";
const RELAY: &str = "sha256-WmfKh2FSfl1jHqF+UAKALlr5fnSOclHP5D9r8JvvGNU=";

const NOTHING: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page, with what keeps it from caches, referrers, frames and foreign scripts.
pub(crate) fn respond(page: Page, display: &DisplaySettings) -> Response<Body> {
    use StatusCode as Status;
    let text = |text: &str| text.to_owned();
    let (status, policy, body) = match page {
        Page::Success => {
            let own = display.success_html.is_some();
            (Status::OK, policy(own), display.success())
        }
        Page::Failure(information) => {
            let own = display.failure_html.is_some();
            (Status::OK, policy(own), display.failure(&information))
        }
        Page::Fragment => (
            Status::OK,
            format!(
                "default-src 'none'; script-src '{RELAY}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            ),
            text(FRAGMENT),
        ),
        Page::Favicon => return plain(Status::OK, "Favicon is not provided."),
        Page::NotExpected => {
            return plain(
                Status::BAD_REQUEST,
                "This is not the answer that the program waits for. It still waits: go back to the page that it opened last.",
            );
        }
        Page::Over => {
            return plain(
                Status::GONE,
                "The program does not wait any more. You may close this tab.",
            );
        }
        Page::NotFound => return plain(Status::NOT_FOUND, "There is nothing here."),
        Page::BadHost => {
            return plain(Status::MISDIRECTED_REQUEST, "There is no such host here.");
        }
        Page::TooLarge => return plain(Status::PAYLOAD_TOO_LARGE, "This is too large."),
        Page::BadMethod => {
            let mut response = plain(Status::METHOD_NOT_ALLOWED, "GET or POST only.");
            let allowed = HeaderValue::from_static("GET, POST");
            response.headers_mut().extend([(ALLOW, allowed)]);
            return response;
        }
    };
    finish(status, "text/html; charset=utf-8", &policy, body.into())
}

/// What a page may do.
fn policy(is_own: bool) -> String {
    if is_own {
        return format!(
            "{NOTHING}; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: https:"
        );
    }
    format!("{NOTHING}; script-src '{CLOSE}'; style-src 'unsafe-inline'")
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    finish(status, "text/plain; charset=utf-8", NOTHING, text.into())
}

fn finish(
    status: StatusCode,
    content_type: &'static str,
    policy: &str,
    body: Body,
) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]);
    if let Ok(policy) = HeaderValue::from_str(policy) {
        response
            .headers_mut()
            .extend([(CONTENT_SECURITY_POLICY, policy)]);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{
        super::{FAILURE, SUCCESS},
        *,
    };
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use sha2::{Digest as _, Sha256};

    fn hash(page: &str) -> String {
        let (_, script) = page.split_once("<script>").unwrap();
        let (script, _) = script.split_once("</script>").unwrap();
        format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(script)))
    }

    #[test]
    fn a_policy_lets_the_script_of_its_page_run_and_no_other() {
        assert_eq!(hash(SUCCESS), CLOSE);
        assert_eq!(hash(FAILURE), CLOSE);
        assert_eq!(hash(FRAGMENT), RELAY);
    }

    #[test]
    fn nothing_is_cached_or_told_to_others() {
        for page in [
            Page::Success,
            Page::Failure("x".into()),
            Page::Fragment,
            Page::Over,
        ] {
            let response = respond(page, &DisplaySettings::new());
            let headers = response.headers();
            assert_eq!(headers["cache-control"], "no-store");
            assert_eq!(headers["referrer-policy"], "no-referrer");
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; "), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        }
    }
}
