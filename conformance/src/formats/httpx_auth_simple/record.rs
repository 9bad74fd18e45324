//! A vector: a request before and after.

use super::{
    Input, Term,
    query::{self, pairs, peer_sets, split},
};
use crate::case::Judged;
use crate::{case::Why, formats::url::Url, record::Read as _};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Header values are text: the peer shows them decoded from UTF-8, which is what goes out.
pub(super) type Headers = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
pub(super) struct Record {
    url_in: String,
    pub(super) headers_in: Headers,
    url_out: String,
    pub(super) target_before: String,
    pub(super) target_out: String,
    pub(super) headers_out: Headers,
    /// Only in what our own recorder writes.
    inputs: Option<Vec<Input>>,
}

impl Record {
    pub(super) fn read(vector: &Value) -> Result<Self, Why> {
        if vector.get("raises").is_some() {
            return Err("records an error without what led to it".into());
        }
        let mut record: Self = vector.read("")?;
        for headers in [&mut record.headers_in, &mut record.headers_out] {
            let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
            *headers = std::mem::take(headers).into_iter().map(lower).collect();
            headers.remove("host"); // the format leaves it out, and no scheme writes it
        }
        Ok(record)
    }

    pub(super) fn inputs(&self) -> Option<&[Input]> {
        self.inputs.as_deref()
    }

    /// Whether the record agrees with itself: what is recorded twice is the same, and the schemes explain every change.
    pub(super) fn check(&self, terms: &[Term]) -> Judged {
        if !same_around(&self.url_in, &self.url_out) {
            return Err(format!(
                "the record contradicts itself: {:?} became {:?}",
                self.url_in, self.url_out
            )
            .into());
        }
        if Url::split(&self.url_out).request_target() != self.target_out {
            return Err(format!(
                "the record contradicts itself: {:?} is not the target of {:?}",
                self.target_out, self.url_out
            )
            .into());
        }
        let headers = terms.iter().fold(self.headers_in.clone(), |headers, term| {
            term.peer_sets(headers)
        });
        if headers != self.headers_out {
            return Err(format!(
                "the record has other headers than its schemes make: {headers:?}, recorded {:?}",
                self.headers_out
            )
            .into());
        }
        let parameters: Vec<_> = terms.iter().filter_map(Term::parameter).collect();
        let explained = if parameters.is_empty() {
            self.target_before == self.target_out
        } else {
            let after = parameters
                .iter()
                .fold(pairs(&self.target_before), |pairs, set| {
                    peer_sets(&pairs, *set)
                });
            split(&self.target_before).0 == split(&self.target_out).0
                && after == pairs(&self.target_out)
        };
        if explained {
            Ok(())
        } else {
            Err(format!(
                "the record has another target than its schemes make, from {:?} to {:?}",
                self.target_before, self.target_out
            )
            .into())
        }
    }

    /// The request that the scheme gets: the peer had parsed the URL before its own scheme saw it, so the origin is as
    /// the peer writes it, and the target as it would have been sent.
    pub(super) fn request(&self) -> Result<Request<()>, Why> {
        let unusable = |what: &str| format!("http cannot hold this {what}");
        let uri = format!("{}{}", origin_of(&self.url_out), self.target_before);
        let mut request = Request::new(());
        *request.uri_mut() = Uri::try_from(uri).map_err(|_| unusable("URL"))?;
        for (name, value) in &self.headers_in {
            let name = HeaderName::try_from(name).map_err(|_| unusable("header name"))?;
            let value =
                HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unusable("header value"))?;
            request.headers_mut().append(name, value);
        }
        Ok(request)
    }

    /// Whether what our code sent is what was recorded.
    pub(super) fn compare(&self, sent: &Request<()>, terms: &[Term]) -> Judged {
        let ours = headers(sent.headers());
        let recorded: Vec<_> = self
            .headers_out
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if ours != recorded {
            return Err(format!("ours {ours:?}, recorded {recorded:?}").into());
        }
        let before = self.request()?;
        if origin_of(&sent.uri().to_string()) != origin_of(&before.uri().to_string()) {
            return Err("sends the request elsewhere".into());
        }
        if (sent.method(), sent.version()) != (before.method(), before.version()) {
            return Err("changes the request line".into());
        }
        let target = sent
            .uri()
            .path_and_query()
            .map_or("", |target| target.as_str());
        let parameters: Vec<_> = terms.iter().filter_map(Term::parameter).collect();
        query::compare(&self.target_before, &self.target_out, target, &parameters)
    }
}

/// All headers, sorted.
fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    let mut headers: Vec<_> = map
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    headers.sort();
    headers
}

/// A URL up to its path, as it is written.
fn origin_of(url: &str) -> String {
    let url = Url::split(url);
    format!("{}://{}", url.scheme, url.authority)
}

/// Whether two URLs are the same before and after their targets, however they are written: no scheme changes that.
fn same_around(one: &str, other: &str) -> bool {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let fragment = |url: Url<'_>| decode(url.fragment.unwrap_or_default());
    let (one, other) = (Url::split(one), Url::split(other));
    // A host that is not ASCII is shown as it goes into DNS.
    fragment(one) == fragment(other)
        && (one.origin() == other.origin() || !one.authority.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_be_written_otherwise_but_lead_nowhere_else() {
        for (one, other, same) in [
            ("HTTPS://H:443/a#x%20y", "https://h?b#x y", true),
            ("http://u%40:p@h:80", "http://u@:p@h/", true),
            ("https://hž", "https://xn--h-cga", true),
            ("https://h:80", "https://h", false),
            ("https://h", "http://h", false),
            ("https://h#a", "https://h#b", false),
            ("https://u@h", "https://h", false),
        ] {
            assert_eq!(same_around(one, other), same, "{one} {other}");
        }
    }
}
