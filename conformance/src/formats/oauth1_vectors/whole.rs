//! The parts `random` and `random_hard`, whole requests, and `probes`, single questions with the answer by the RFC.

use super::{
    asked::{Asked, Placement},
    rsa_key,
    sent::{Pairs, Sent, pairs},
};
use crate::{
    case::{Judged, Why},
    formats::url::Url,
    record::{Read as _, Record, same},
};
use serde::Deserialize;

/// All that is recorded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    base_string: String,
    signature: String,
    oauth_params: Pairs,
    authorization: Option<String>,
    url: Option<String>,
    body: Option<String>,
}

pub(super) async fn judge(record: &Record) -> Judged {
    let (asked, expect) = match record.at("case") {
        Some(case) => (Asked::read(case)?, record.read::<Expect>("reference")?),
        None => (Asked::read(record)?, record.read("expect")?),
    };
    let asked = Asked {
        rsa_key: rsa_key(record),
        ..asked
    };
    let sent = asked.sent().await?;
    let base_string = asked.base_string().await?;
    compare(asked.placement, &sent, &base_string, &expect)
}

fn compare(placement: Placement, sent: &Sent, base_string: &str, expect: &Expect) -> Judged {
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
        let (ours, recorded) = (sent.uri.query().unwrap_or(""), Url::split(url));
        same("query", pairs(ours)?, pairs(recorded.query())?)?;
        same("path", decoded(sent.uri.path())?, decoded(recorded.path())?)?;
    }
    if let Some(body) = &expect.body {
        same("body", pairs(&sent.body)?, pairs(body)?)?;
    }
    Ok(())
}

/// A path with a blank is sent with an escape.
fn decoded(path: &str) -> Result<String, Why> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8();
    Ok(decoded.map_err(crate::record::text)?.into_owned())
}
