//! Which headers are signed, and how they are spelled.

use crate::sink::Sink;
use http::HeaderMap;
use std::sync::Arc;
use tower_auth_core::AuthError;

/// Headers that are not signed unless they are asked for by name: on the way to the server proxies, load balancers and
/// HTTP clients add them, rewrite them, or take them away.
///
/// They are those that botocore never signs, and `accept-encoding` and `content-length`, which proxies rewrite.
pub const NEVER_SIGNED: [&str; 16] = [
    "accept-encoding",
    "baggage",
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

/// [`NEVER_SIGNED`], in the form that is decided fastest.
fn is_never_signed(name: &str) -> bool {
    matches!(
        name,
        "accept-encoding"
            | "baggage"
            | "connection"
            | "content-length"
            | "expect"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "traceparent"
            | "tracestate"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "user-agent"
            | "x-amzn-trace-id"
    )
}

/// Which headers are signed. `host` and every `x-amz-*` always are; services refuse requests otherwise.
#[derive(Clone, Debug)]
pub(crate) struct HeaderRules {
    all: bool,
    named: Arc<[Box<str>]>,
    excluded: Option<Arc<[Box<str>]>>, // `None`: `NEVER_SIGNED`
}

impl Default for HeaderRules {
    fn default() -> Self {
        Self {
            all: true,
            named: Arc::default(),
            excluded: None,
        }
    }
}

impl HeaderRules {
    /// Signs `content-type` and these only, next to what is always signed; all when one is `*`.
    pub(crate) fn include<'a>(
        self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AuthError> {
        let mut named = names_of("included header", names)?;
        let all = named.iter().any(|name| &**name == "*");
        named.retain(|name| &**name != "*");
        Ok(Self {
            all,
            named: named.into(),
            ..self
        })
    }

    /// Replaces [`NEVER_SIGNED`].
    pub(crate) fn exclude<'a>(
        self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AuthError> {
        let excluded = names_of("excluded header", names)?;
        Ok(Self {
            excluded: Some(excluded.into()),
            ..self
        })
    }

    pub(crate) fn covers(&self, name: &str) -> bool {
        if name == "host" || name.starts_with("x-amz-") {
            return true;
        }
        if name == "authorization" {
            return false; // it will hold the signature
        }
        if self.named.iter().any(|named| &**named == name) {
            return true;
        }
        if !self.all {
            return name == "content-type";
        }
        match &self.excluded {
            None => !is_never_signed(name),
            Some(excluded) => !excluded.iter().any(|excluded| &**excluded == name),
        }
    }
}

fn names_of<'a>(
    parameter: &'static str,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Box<str>>, AuthError> {
    names
        .into_iter()
        .map(|name| {
            let name = name.trim().to_ascii_lowercase();
            http::HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| AuthError::configuration(parameter, "is not the name of a header"))?;
            Ok(name.into())
        })
        .collect()
}

const FEW: usize = 16; // up to so many, sorting does not allocate

/// One header: its name, how that begins, and its value.
#[derive(Clone, Copy)]
struct Signed<'a> {
    /// The first eight bytes, as a number that sorts as they do: nearly always they say which name comes first.
    begin: u64,
    name: &'a str,
    value: &'a [u8],
}

impl<'a> Signed<'a> {
    const NONE: Self = Self {
        begin: 0,
        name: "",
        value: &[],
    };

    #[inline]
    fn new(name: &'a str, value: &'a [u8]) -> Self {
        let begin = match name.as_bytes().first_chunk() {
            Some(begin) => u64::from_be_bytes(*begin),
            None => {
                name.bytes()
                    .fold(0, |begin, byte| begin << 8 | u64::from(byte))
                    << (8 * (8 - name.len())).min(63)
            }
        };
        Self { begin, name, value }
    }

    #[inline]
    fn is_after(&self, other: &Self) -> bool {
        self.begin > other.begin || (self.begin == other.begin && self.name > other.name)
    }
}

/// The headers of one request that are signed, sorted by name; those of one name in wire order.
pub(crate) struct SignedHeaders<'a> {
    few: [Signed<'a>; FEW],
    length: usize,
    many: Vec<Signed<'a>>, // all of them, when there are more
}

impl<'a> SignedHeaders<'a> {
    /// Of the headers of a request as it is sent.
    pub(crate) fn new(headers: &'a HeaderMap, rules: &HeaderRules) -> Self {
        let mut signed = Self::none();
        for (name, value) in headers {
            let (name, value) = (name.as_str(), value.as_bytes());
            if rules.covers(name) {
                signed.push(name, value);
            }
        }
        signed.sort();
        signed
    }

    #[inline]
    pub(crate) fn none() -> Self {
        Self {
            few: [Signed::NONE; FEW],
            length: 0,
            many: Vec::new(),
        }
    }

    /// Once all are there: few are in order already.
    #[inline]
    pub(crate) fn sort(&mut self) {
        if !self.many.is_empty() {
            self.many.sort_by_key(|header| header.name); // stable
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, name: &'a str, value: &'a [u8]) {
        let header = Signed::new(name, value);
        if self.length < FEW {
            let mut at = self.length;
            while at > 0 && self.few[at - 1].is_after(&header) {
                self.few[at] = self.few[at - 1];
                at -= 1;
            }
            self.few[at] = header;
            self.length += 1;
        } else {
            if self.many.is_empty() {
                self.many.extend_from_slice(&self.few);
            }
            self.many.push(header);
        }
    }

    fn as_slice(&self) -> &[Signed<'a>] {
        if self.many.is_empty() {
            &self.few[..self.length]
        } else {
            &self.many
        }
    }

    /// `name:value\n` for each name.
    pub(crate) fn put_lines(&self, sink: &mut impl Sink) {
        let mut last = "";
        for &Signed { name, value, .. } in self.as_slice() {
            if name == last {
                sink.put_byte(b',');
            } else {
                if !last.is_empty() {
                    sink.put_byte(b'\n');
                }
                sink.put(name.as_bytes());
                sink.put_byte(b':');
            }
            last = name;
            put_value(sink, value);
        }
        if !last.is_empty() {
            sink.put_byte(b'\n');
        }
    }

    /// `name;name`
    pub(crate) fn put_names(&self, sink: &mut impl Sink) {
        let mut last = "";
        for &Signed { name, .. } in self.as_slice() {
            if name != last {
                if !last.is_empty() {
                    sink.put_byte(b';');
                }
                sink.put(name.as_bytes());
                last = name;
            }
        }
    }
}

/// Trimmed, and every run of blanks and tabs one blank, inside quotes too.
fn put_value(sink: &mut impl Sink, value: &[u8]) {
    // Looked at without stopping, which is fastest: most values have neither.
    if !value
        .iter()
        .fold(false, |found, &byte| found | (byte <= b' '))
    {
        sink.put(value);
        return;
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let words = value.split(blank).filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        if at > 0 {
            sink.put_byte(b' ');
        }
        sink.put(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn canonical(headers: &[(&str, &str)], rules: &HeaderRules) -> (String, String) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        let signed = SignedHeaders::new(&map, rules);
        let (mut lines, mut names) = (Vec::new(), Vec::new());
        signed.put_lines(&mut lines);
        signed.put_names(&mut names);
        (
            String::from_utf8(lines).unwrap(),
            String::from_utf8(names).unwrap(),
        )
    }

    #[test]
    fn what_is_never_signed_is_what_is_said_to_be() {
        assert!(NEVER_SIGNED.iter().all(|name| is_never_signed(name)));
        let names = [
            "host",
            "content-type",
            "range",
            "cookie",
            "te-",
            "x-amz-date",
            "",
        ];
        assert!(!names.iter().any(|name| is_never_signed(name)));
    }

    #[test]
    fn values_are_trimmed_collapsed_and_joined_in_wire_order() {
        let headers = [
            ("X-B", "  a\t b  \"c   d\" "),
            ("X-A", "z"),
            ("Host", "h"),
            ("x-a", "a"),
            ("X-A", ""),
            ("X-E", ""),
            ("X-T", "\t"),
        ];
        let (lines, names) = canonical(&headers, &HeaderRules::default());
        assert_eq!(lines, "host:h\nx-a:z,a,\nx-b:a b \"c d\"\nx-e:\nx-t:\n");
        assert_eq!(names, "host;x-a;x-b;x-e;x-t");
    }

    #[test]
    fn any_number_of_headers_is_signed_in_order() {
        let names: Vec<String> = (0..90).rev().map(|i| format!("x-{i:02}")).collect();
        let headers: Vec<_> = names.iter().map(|name| (&**name, "v")).collect();
        let (lines, signed) = canonical(&headers, &HeaderRules::default());
        assert_eq!(lines.lines().count(), 90);
        assert!(lines.starts_with("x-00:v\nx-01:v\n") && lines.ends_with("x-89:v\n"));
        assert!(signed.split(';').is_sorted());
    }

    #[test]
    fn which_headers_are_signed_can_be_told() {
        let headers = [
            ("host", "h"),
            ("x-amz-acl", "private"),
            ("content-type", "text/plain"),
            ("x-api-key", "k"),
            ("accept", "*/*"),
            ("user-agent", "me"),
            ("authorization", "old"),
        ];
        let signed = |rules: HeaderRules| canonical(&headers, &rules).1;
        let rules = HeaderRules::default;
        assert_eq!(
            signed(rules()),
            "accept;content-type;host;x-amz-acl;x-api-key"
        );
        assert_eq!(
            signed(rules().include([]).unwrap()),
            "content-type;host;x-amz-acl"
        );
        assert_eq!(
            signed(rules().include(["Accept", "user-agent", "absent"]).unwrap()),
            "accept;content-type;host;user-agent;x-amz-acl"
        );
        assert_eq!(
            signed(rules().include(["*", "user-agent"]).unwrap()),
            "accept;content-type;host;user-agent;x-amz-acl;x-api-key"
        );
        assert_eq!(
            signed(rules().exclude(["ACCEPT", "host", "x-amz-acl"]).unwrap()),
            "content-type;host;user-agent;x-amz-acl;x-api-key"
        );
        let error = rules().include(["no such name"]).unwrap_err();
        assert_eq!(error.parameter(), Some("included header"));
    }
}
