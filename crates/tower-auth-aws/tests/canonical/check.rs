//! The independent check: the request is signed, written as it goes on the wire, read back, and its canonical form
//! computed once more from that, in another way.

use http::{HeaderName, HeaderValue, Method, Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};
use tower_auth_aws::{Credentials, NEVER_SIGNED, PayloadHash, Signer};

/// A request, as anybody may send it.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) s3: bool,
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) time: u64,
}

impl Input {
    /// Lines: a flag, a method, a target, headers `name:value`.
    #[allow(dead_code)] // for the fuzzer
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk::<9>()?;
        let mut lines = rest.split(|&b| b == b'\n');
        Some(Self {
            s3: first[0] & 1 == 1,
            time: u64::from_le_bytes(first[1..].try_into().ok()?) >> 24,
            method: lines.next()?.to_vec(),
            target: lines.next()?.to_vec(),
            headers: lines
                .take(64)
                .map(|line| {
                    let at = line.iter().position(|&b| b == b':').unwrap_or(line.len());
                    (
                        line[..at].to_vec(),
                        line.get(at + 1..).unwrap_or_default().to_vec(),
                    )
                })
                .collect(),
        })
    }

    /// As the types of `http` have it; `None` when they do not take it.
    fn request(&self) -> Option<Request<()>> {
        let mut url = b"https://host.example".to_vec();
        url.extend_from_slice(&self.target);
        let mut request = Request::new(());
        *request.uri_mut() = Uri::from_maybe_shared(url).ok()?;
        *request.method_mut() = Method::from_bytes(&self.method).ok()?;
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name).ok()?;
            request
                .headers_mut()
                .append(name, HeaderValue::from_bytes(value).ok()?);
        }
        Some(request)
    }
}

/// Panics when signing does, or when another form is signed than the wire has.
pub(crate) fn check(input: &Input) {
    let Some(mut request) = input.request() else {
        return;
    };
    let signer = Signer::new(if input.s3 { "s3" } else { "iam" }, "us-east-1").unwrap();
    let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
    let time = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(input.time))
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let payload = PayloadHash::of(b"body");
    let _ = signer.presign(&credentials, time, Duration::from_secs(60), &request, None);
    let signature = match signer.sign(&credentials, time, &mut request, payload) {
        Ok(signature) => signature,
        Err(_) => return, // said, not panicked
    };

    let wire = Wire::of(&request);
    let authorization = wire.header("authorization").pop().unwrap();
    let canonical = wire.canonical(input.s3, payload.as_str());
    let ours = signer.canonical_request((&request).into(), payload);
    assert_eq!(
        ours.escape_ascii().to_string(),
        canonical.escape_ascii().to_string()
    );
    let string_to_sign = signer.string_to_sign(time, &canonical);
    let again = signer
        .signature(&credentials, time, &string_to_sign)
        .unwrap();
    assert_eq!(again, signature.as_str());
    assert!(authorization.ends_with(again.as_bytes()));

    // Signing the same wire form once more gives the same signature.
    let mut copy = Request::new(());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy.headers_mut().remove("authorization");
    copy.headers_mut().remove("x-amz-date");
    let second = signer.sign(&credentials, time, &mut copy, payload).unwrap();
    assert_eq!(second.as_str(), signature.as_str());
}

/// A request as a server reads it.
struct Wire {
    method: String,
    path: Vec<u8>,
    query: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
}

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

impl Wire {
    fn of(request: &Request<()>) -> Self {
        let target = request
            .uri()
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let target = target.as_bytes();
        let (path, query) = match target.iter().position(|&b| b == b'?') {
            Some(at) => (&target[..at], &target[at + 1..]),
            None => (target, &[][..]),
        };
        Self {
            method: request.method().to_string(),
            path: path.to_vec(),
            query: query.to_vec(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
        }
    }

    fn header(&self, name: &str) -> Vec<Vec<u8>> {
        let named = self.headers.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| value.clone()).collect()
    }

    fn canonical(&self, s3: bool, payload: &str) -> Vec<u8> {
        let mut lines: Vec<Vec<u8>> = vec![
            self.method.clone().into_bytes(),
            self.canonical_path(s3).into_bytes(),
            self.canonical_query().into_bytes(),
        ];
        let mut signed: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
        for (name, value) in &self.headers {
            if name != "authorization" && !NEVER_SIGNED.contains(&name.as_str()) {
                let words = value.split(|b| matches!(b, b' ' | b'\t'));
                let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
                signed.entry(name).or_default().push(words.join(&b' '));
            }
        }
        for (name, values) in &signed {
            let mut line = format!("{name}:").into_bytes();
            line.extend(values.join(&b','));
            lines.push(line);
        }
        lines.push(Vec::new());
        let names: Vec<&str> = signed.keys().copied().collect();
        lines.push(names.join(";").into_bytes());
        lines.push(payload.as_bytes().to_vec());
        lines.join(&b'\n')
    }

    fn canonical_path(&self, s3: bool) -> String {
        if s3 {
            let decoded: Vec<u8> = percent_decode(&self.path).collect();
            let segments = decoded.split(|&b| b == b'/').map(encode);
            let path = segments.collect::<Vec<_>>().join("/");
            return if path.is_empty() {
                "/".to_owned()
            } else {
                path
            };
        }
        let mut kept: Vec<&[u8]> = Vec::new();
        for segment in self.path.split(|&b| b == b'/') {
            match segment {
                b"" | b"." => {}
                b".." => drop(kept.pop()),
                segment => kept.push(segment),
            }
        }
        let path: String = kept
            .iter()
            .map(|segment| format!("/{}", encode(segment)))
            .collect();
        let slash = path.is_empty() || self.path.ends_with(b"/");
        if slash { path + "/" } else { path }
    }

    fn canonical_query(&self) -> String {
        let spelled = |text: &[u8]| {
            let blanks: Vec<u8> = text
                .iter()
                .map(|&b| if b == b'+' { b' ' } else { b })
                .collect();
            encode(&percent_decode(&blanks).collect::<Vec<u8>>())
        };
        let pieces = self
            .query
            .split(|&b| b == b'&')
            .filter(|piece| !piece.is_empty());
        let mut pairs: Vec<_> = pieces
            .map(|piece| {
                let mut parts = piece.splitn(2, |&b| b == b'=');
                let name = spelled(parts.next().unwrap_or_default());
                (name, spelled(parts.next().unwrap_or_default()))
            })
            .collect();
        pairs.sort();
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("&")
    }
}
