//! A signed request, taken apart.

use super::asked::Placement;
use crate::case::Why;
use bytes::Bytes;
use http::{Request, Uri, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};

/// Names and values, decoded.
pub(super) type Pairs = Vec<(String, String)>;

/// What our layer made of a request, next to what it was given.
#[derive(Debug)]
pub(super) struct Sent {
    before_uri: Uri,
    before_body: String,
    pub(super) authorization: Option<String>,
    pub(super) uri: Uri,
    pub(super) body: String,
}

impl Sent {
    pub(super) async fn new(
        before_uri: Uri,
        before_body: String,
        after: Request<Full<Bytes>>,
    ) -> Self {
        let header = after.headers().get(AUTHORIZATION);
        let authorization = header.map(|value| String::from_utf8_lossy(value.as_bytes()).into());
        let uri = after.uri().clone();
        let body = match after.into_body().collect().await {
            Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            Err(never) => match never {},
        };
        Self {
            before_uri,
            before_body,
            authorization,
            uri,
            body,
        }
    }

    /// The protocol parameters, where they were to go. Nothing else may have changed.
    pub(super) fn oauth_params(&self, placement: Placement) -> Result<Pairs, Why> {
        let unchanged = |what: &str, same: bool| {
            same.then_some(())
                .ok_or_else(|| format!("{what} was changed"))
        };
        if placement != Placement::Header && self.authorization.is_some() {
            return Err("there is an Authorization header".into());
        }
        if placement != Placement::Query {
            unchanged("the URI", self.uri == self.before_uri)?;
        }
        if placement != Placement::Body {
            unchanged("the body", self.body == self.before_body)?;
        }
        match placement {
            Placement::Header => {
                let header = self.authorization.as_deref();
                from_header(header.ok_or("there is no Authorization header")?)
            }
            Placement::Query => {
                unchanged("the path", self.uri.path() == self.before_uri.path())?;
                let before = self.before_uri.query().unwrap_or("");
                pairs(appended(before, self.uri.query().unwrap_or(""))?)
            }
            Placement::Body => pairs(appended(&self.before_body, &self.body)?),
        }
    }
}

/// What was appended to a form; all before it has to be as it was, to the byte.
fn appended<'a>(before: &str, after: &'a str) -> Result<&'a str, Why> {
    let rest = match before {
        "" => Some(after),
        before => after
            .strip_prefix(before)
            .and_then(|rest| rest.strip_prefix('&')),
    };
    rest.ok_or_else(|| format!("{after:?} does not begin with {before:?}").into())
}

/// The pairs of a form. Both ours and theirs are read by this, which is neither's code.
pub(super) fn pairs(form: &str) -> Result<Pairs, Why> {
    form.split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            Ok((
                decode(&name.replace('+', " "))?,
                decode(&value.replace('+', " "))?,
            ))
        })
        .collect()
}

fn from_header(header: &str) -> Result<Pairs, Why> {
    let mut rest = header.strip_prefix("OAuth ").ok_or("is not OAuth")?;
    let mut pairs = Pairs::new();
    loop {
        let (name, value) = rest.split_once("=\"").ok_or("a value is not quoted")?;
        let end = closing_quote(value).ok_or("a value has no end")?;
        if name != "realm" {
            pairs.push((decode(name)?, decode(&value[..end])?));
        }
        rest = match &value[end + 1..] {
            "" => return Ok(pairs),
            more => more
                .strip_prefix(", ")
                .ok_or("two parameters are not separated")?,
        };
    }
}

/// Where a quoted string ends (RFC 9110 section 5.6.4).
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

fn decode(text: &str) -> Result<String, Why> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    Ok(decoded.map_err(|error| error.to_string())?.into_owned())
}
