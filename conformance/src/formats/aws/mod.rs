//! AWS signatures: what the files of this family have in common.

mod chunks;
mod events;
mod httpx;
mod judge;
mod random;
mod reference;
mod request;
mod suite;
#[cfg(test)]
mod tests;

pub(crate) use self::{httpx::HttpxAuthAws4, random::BotocoreRandom, suite::Suite};

use self::request::{Body, Recorded};
use super::hex;
use crate::{case::Why, record::text};
use serde::Deserialize;
use std::time::{Duration, SystemTime};
use tower_auth_aws::{Credentials, PathRules, PayloadHash, SessionToken, Signer};

/// With what a request is signed.
#[derive(Clone, Debug, Deserialize)]
struct Context {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: Option<String>,
    region_set: Option<String>,
    service: String,
    amz_date: String,
    #[serde(alias = "expiration_in_seconds")]
    expires_in: Option<u64>,
    normalize_path: Option<bool>,
    double_uri_encode: Option<bool>,
    session_token_name: Option<String>,
    never_signed_headers: Option<Vec<String>>,
    payload_mode: Option<String>,
    add_content_sha256_header: Option<bool>,
    payload_hash: Option<String>,
    sign_body: Option<bool>,
    omit_session_token: Option<bool>,
}

impl Context {
    fn credentials(&self) -> Result<Credentials, Why> {
        let credentials = Credentials::new(&self.access_key_id, self.secret_access_key.as_str());
        match self
            .session_token
            .as_deref()
            .filter(|token| !token.is_empty())
        {
            Some(token) => credentials.and_then(|c| c.with_session_token(token)),
            None => credentials,
        }
        .map_err(text)
    }

    /// SigV4a when `v4a`; the region set of a suite is its region.
    fn signer(&self, v4a: bool) -> Result<Signer, Why> {
        let mut signer = if v4a {
            let set = self.region_set.as_ref().or(self.region.as_ref());
            Signer::v4a(&self.service, set.ok_or("has no region set")?)
        } else {
            let region = self.region.as_ref().ok_or("has no region")?;
            Signer::new(&self.service, region)
        }
        .map_err(text)?;
        if let (Some(normalize), Some(twice)) = (self.normalize_path, self.double_uri_encode) {
            let rules = PathRules::STANDARD
                .with_normalize(normalize)
                .with_encode_twice(twice);
            signer = signer.path_rules(rules);
        }
        if let Some(names) = &self.never_signed_headers {
            let names = names.iter().map(String::as_str);
            signer = signer.exclude_headers(names).map_err(text)?;
        }
        if let Some(send) = self.add_content_sha256_header {
            signer = signer.payload_header(send);
        }
        if self.omit_session_token == Some(true) {
            signer = signer.session_token(SessionToken::Unsigned);
        }
        match self.session_token_name.as_deref() {
            None => {}
            Some(name) if name.eq_ignore_ascii_case("x-amz-s3session-token") => {
                signer = signer.session_token(SessionToken::S3Session);
            }
            Some(name) => return Err(format!("unknown name of a session token: {name}").into()),
        }
        Ok(signer)
    }

    fn time(&self) -> Result<SystemTime, Why> {
        time(&self.amz_date)
    }

    /// What is said of the body.
    fn payload(&self, body: &[u8]) -> Result<PayloadHash, Why> {
        match (self.payload_mode.as_deref(), &self.payload_hash) {
            (Some("signed") | None, None) => Ok(PayloadHash::of(body)),
            (Some("unsigned" | "unsigned-header"), None) => Ok(PayloadHash::UNSIGNED),
            (Some("streaming-unsigned-trailer"), None) => Ok(PayloadHash::UNSIGNED_CHUNKS_TRAILER),
            (None, Some(line)) => PayloadHash::parse(line.as_bytes()).map_err(text),
            (mode, _) => Err(format!("unknown payload mode: {mode:?}").into()),
        }
    }
}

/// `20150830T123600Z`
fn time(date: &str) -> Result<SystemTime, Why> {
    let number = |from: usize, to: usize| -> Result<i64, Why> {
        let digits = date.get(from..to).ok_or("is no timestamp")?;
        digits.parse().map_err(text)
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    // Counted another way than our crate does, so that a mistake there shows.
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let months = [
        31,
        28 + i64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let years: i64 = (1970..year).map(|year| 365 + i64::from(leap(year))).sum();
    let in_year: i64 = months.iter().take(month as usize - 1).sum();
    let seconds = (years + in_year + day - 1) * 86_400 + hour * 3600 + minute * 60 + second;
    let seconds = u64::try_from(seconds).map_err(|_| "is before 1970")?;
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}
