//! The parts `random` and `random_hard`: whole requests.

use super::{
    asked::{Asked, Placement, Unsigned},
    same,
    sent::{Pairs, Sent, pairs},
};
use crate::case::{Case, Verdict};
use http::Uri;
use serde::Deserialize;
use tower_auth_oauth1::{SignError, SignErrorKind};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "kind")]
    _kind: Option<String>,
    method: String,
    url: String,
    body: Option<String>,
    content_type: Option<String>,
    placement: Placement,
    signature_method: String,
    client_key: String,
    #[serde(default)]
    client_secret: String,
    token: Option<String>,
    token_secret: Option<String>,
    callback: Option<String>,
    verifier: Option<String>,
    realm: Option<String>,
    nonce: String,
    timestamp: String,
    #[serde(default)]
    body_hash: bool,
    host_header: Option<String>,
    expect: Expect,
    // How the recorded libraries stand to the answer.
    #[serde(rename = "oauthlib_authlib_identical_output")]
    _identical: Option<bool>,
    #[serde(rename = "oauthlib")]
    _oauthlib: Option<serde_json::Value>,
    #[serde(rename = "authlib")]
    _authlib: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) base_string: String,
    pub(super) signature: String,
    pub(super) oauth_params: Pairs,
    pub(super) authorization: Option<String>,
    pub(super) url: Option<String>,
    pub(super) body: Option<String>,
}

pub(super) fn case(id: String, entry: Entry, rsa_key: Option<String>) -> Case {
    let asked = Asked {
        method: entry.method,
        url: entry.url,
        host: entry.host_header,
        body: entry.body,
        content_type: entry.content_type,
        placement: entry.placement,
        signature_method: entry.signature_method,
        client_key: entry.client_key,
        client_secret: entry.client_secret,
        token: entry
            .token
            .map(|token| (token, entry.token_secret.unwrap_or_default())),
        callback: entry.callback,
        verifier: entry.verifier,
        realm: entry.realm,
        nonce: entry.nonce,
        timestamp: entry.timestamp,
        body_hash: entry.body_hash,
        without_version: false,
        rsa_key,
    };
    Case::new(id, async move { judge(&asked, &entry.expect).await })
}

/// Signs, and compares all that is recorded.
pub(super) async fn judge(asked: &Asked, expect: &Expect) -> Verdict {
    let sent = match (asked.sent().await, must_refuse(asked)) {
        (Ok(_), Some(why)) => return Verdict::Differs(format!("was signed, in spite of {why:?}")),
        (Ok(sent), None) => sent,
        (Err(Unsigned::Unusable(why)), _) => return Verdict::Differs(why),
        (Err(Unsigned::Refused(error)), why) => {
            let ours = SignError::of(&error).map(SignError::kind);
            return match why {
                Some(why) if ours == Some(why) => Verdict::Agrees,
                _ => Verdict::Refused(error.to_string()),
            };
        }
    };
    match asked.base_string().await {
        Ok(ours) => compare(asked.placement, &sent, &ours, expect).into(),
        Err(error) => Verdict::Differs(format!("has no base string: {error:?}")),
    }
}

/// What our code refuses on purpose, and the recorded libraries rewrite silently: parameters in the body of a request
/// that has none, or whose body is no form (RFC 5849 section 3.5.2).
fn must_refuse(asked: &Asked) -> Option<SignErrorKind> {
    if asked.placement != Placement::Body {
        return None;
    }
    if matches!(asked.method.as_str(), "GET" | "HEAD") {
        return Some(SignErrorKind::NoBody);
    }
    let media_type = asked
        .content_type
        .as_deref()
        .unwrap_or("")
        .split(';')
        .next();
    let is_form = media_type.is_some_and(|media_type| {
        media_type
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    (!is_form).then_some(SignErrorKind::NotAForm)
}

fn compare(
    placement: Placement,
    sent: &Sent,
    base_string: &str,
    expect: &Expect,
) -> Result<(), String> {
    same("base string", base_string, &expect.base_string)?;
    let params = sent.oauth_params(placement)?;
    let signature = params.iter().find(|(name, _)| name == "oauth_signature");
    let signature = signature.map(|(_, value)| value);
    same("signature", signature, Some(&expect.signature))?;
    same("parameters", &params, &expect.oauth_params)?;
    if let Some(header) = &expect.authorization {
        same("header", sent.authorization.as_deref(), Some(header))?;
    }
    // The recorded libraries encode all of a query or body anew; a server sees the same parameters.
    if let Some(url) = &expect.url {
        let recorded: Uri = url
            .parse()
            .map_err(|error| format!("the recorded URL: {error}"))?;
        let query = |uri: &Uri| pairs(uri.query().unwrap_or(""));
        same("query", query(&sent.uri)?, query(&recorded)?)?;
        same("path", sent.uri.path(), recorded.path())?;
    }
    if let Some(body) = &expect.body {
        same("body", pairs(&sent.body)?, pairs(body)?)?;
    }
    Ok(())
}
