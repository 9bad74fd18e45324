//! What a server says when it refuses: by `oauth_problem` (the Problem Reporting extension of OAuth Core 1.0), or in words.

use super::{super::answer::Answer, What};
use crate::legs::secrets;
use http::{HeaderMap, header::WWW_AUTHENTICATE, response};
use tower_auth_core::challenge;
use tower_auth_http::Redactor;

/// What an answer says that is no success. What it has under names of secrets must not be shown, and is told.
pub(in crate::legs) fn refused(
    head: &response::Parts,
    body: &[u8],
    redactor: &mut Redactor,
) -> What {
    let mut said = Answer::parse(body).ok();
    let mut take = |name| said.as_mut()?.take(name).filter(|text| !text.is_empty());
    let problem = take("oauth_problem").or_else(|| in_header(&head.headers));
    let advice = take("oauth_problem_advice");
    let text = for_people(body, redactor);
    if let Some(problem) = &problem {
        secrets::received_form(problem, redactor); // it may stand in the header alone
    }
    What::Refused {
        status: head.status,
        text: advice.or_else(|| text.filter(|_| problem.is_none())),
        problem,
    }
}

/// That of a challenge: `WWW-Authenticate: OAuth realm="…", oauth_problem="…"`.
fn in_header(headers: &HeaderMap) -> Option<String> {
    challenge::of(headers, &WWW_AUTHENTICATE).find_map(|challenge| {
        let problem = challenge.params().get("oauth_problem")?;
        Some(String::from_utf8_lossy(problem).into_owned())
    })
}

/// A body that people can read: neither markup nor empty, and one whose secrets can be told.
fn for_people(body: &[u8], redactor: &mut Redactor) -> Option<String> {
    let text = Answer::text(body)?;
    match text.chars().next()? {
        '<' => return None,
        '{' | '[' => secrets::received_json(&serde_json::from_str(text).ok()?, redactor),
        _ => secrets::received_form(text, redactor),
    }
    Some(text.to_owned())
}

/// What helps.
pub(super) fn remedy(status: Option<u16>, problem: Option<&str>) -> &'static str {
    match (problem, status) {
        (Some("timestamp_refused"), _) => "; set the clock of this machine right",
        (Some("nonce_used"), _) => {
            "; a request was sent twice: retry above the signature, not below it"
        }
        (Some("signature_invalid"), _) => "; check both secrets and the signature method",
        (Some("signature_method_rejected"), _) => "; choose another with `OAuth1::method`",
        (Some("consumer_key_unknown" | "consumer_key_rejected" | "consumer_key_refused"), _) => {
            "; check the identifier of the client, and whether the server has it enabled"
        }
        (
            Some(
                "token_expired"
                | "token_revoked"
                | "token_rejected"
                | "token_used"
                | "verifier_invalid"
                | "additional_authorization_required",
            ),
            _,
        ) => "; begin again with the first leg",
        (Some("parameter_absent" | "parameter_rejected"), _) => {
            "; some servers want the parameters elsewhere: `OAuth1::in_query` or `OAuth1::in_body`"
        }
        (Some(_), _) => "; see what the server's documentation says of this problem",
        (None, Some(401 | 403)) => {
            "; check the client's identifier and secret, and the signature method"
        }
        (None, Some(404 | 405)) => "; is this the URL of that endpoint?",
        (None, Some(408 | 429 | 500..=599)) => "; try again later",
        (None, _) => "; check the three endpoints and the callback",
    }
}
