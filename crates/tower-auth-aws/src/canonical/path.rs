//! The canonical path.

use crate::{percent, sink::Sink};

/// How the path of a request is spelled before it is hashed. [`PathRules::for_service`] knows which service wants what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PathRules {
    /// Removes `.` and `..` segments, and repeated slashes.
    pub normalize: bool,
    /// Encodes the path *as it is on the wire* once more, so that `%3A` becomes `%253A`. Otherwise it is decoded and
    /// encoded once, which is how servers spell the key of an object that they have decoded.
    pub encode_twice: bool,
}

impl PathRules {
    /// Of every service but those of the S3 family.
    pub const STANDARD: Self = Self {
        normalize: true,
        encode_twice: true,
    };

    /// Of S3: a key may hold `//` and `..`, and is encoded once.
    ///
    /// The AWS SDKs take an S3 path verbatim and expect it to be encoded in just this way. So the result is the same for
    /// what they send; for a path that is spelled otherwise (`/a:b`, `%2f`) servers recompute the spelling from the
    /// decoded key, and a verbatim signature would be refused. An encoded slash (`%2F`) is a slash of the key.
    pub const S3: Self = Self {
        normalize: false,
        encode_twice: false,
    };

    /// The rules of a service, by the name that it is signed for.
    pub fn for_service(service: &str) -> Self {
        if is_s3(service) {
            Self::S3
        } else {
            Self::STANDARD
        }
    }

    /// Whether `.`, `..` and repeated slashes are removed.
    #[must_use]
    pub const fn with_normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// Whether the wire path is encoded once more.
    #[must_use]
    pub const fn with_encode_twice(mut self, encode_twice: bool) -> Self {
        self.encode_twice = encode_twice;
        self
    }
}

/// Whether the service is of the S3 family.
pub(crate) fn is_s3(service: &str) -> bool {
    ["s3", "s3express", "s3-object-lambda", "s3-outposts"]
        .iter()
        .any(|name| service.eq_ignore_ascii_case(name))
}

pub(crate) fn put_path(sink: &mut impl Sink, path: &[u8], rules: PathRules) {
    if path.is_empty() {
        sink.put_byte(b'/');
    } else if rules.normalize && needs_normalizing(path) {
        put_encoded(sink, &normalized(path), rules);
    } else {
        put_encoded(sink, path, rules);
    }
}

fn put_encoded(sink: &mut impl Sink, path: &[u8], rules: PathRules) {
    let slash = |byte| byte == b'/';
    if rules.encode_twice {
        percent::encode(sink, path, slash);
    } else {
        percent::recode(sink, path, b'+', slash);
    }
}

fn needs_normalizing(path: &[u8]) -> bool {
    path.windows(2).any(|pair| pair == b"//" || pair == b"/.")
}

/// Without dot segments and empty segments. A path that ends in a dot segment loses its last slash too, as botocore,
/// the AWS CRT and the JavaScript SDK have it (RFC 3986 section 5.2.4 would keep it).
fn normalized(path: &[u8]) -> Vec<u8> {
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in path.split(|&byte| byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut result = Vec::with_capacity(path.len());
    for segment in &segments {
        result.push(b'/');
        result.extend_from_slice(segment);
    }
    if result.is_empty() || path.ends_with(b"/") {
        result.push(b'/');
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(path: &str, rules: PathRules) -> String {
        let mut out = Vec::new();
        put_path(&mut out, path.as_bytes(), rules);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn most_services_normalize_and_encode_twice() {
        for (wire, path) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a/../..", "/"),
            ("/./a/./b/../c/", "/a/c/"),
            ("/a//b///", "/a/b/"),
            ("/a/.", "/a"),
            ("/a/b/..", "/a"),
            ("/.hidden/..x", "/.hidden/..x"),
            ("/arn%3Aaws:x", "/arn%253Aaws%3Ax"),
            ("/%e1%88", "/%25e1%2588"),
            ("/ሴ", "/%E1%88%B4"),
            ("/a/%2E%2E/b", "/a/%252E%252E/b"),
        ] {
            assert_eq!(canonical(wire, PathRules::STANDARD), path, "{wire}");
        }
    }

    #[test]
    fn s3_paths_are_spelled_as_servers_spell_the_decoded_key() {
        for (wire, path) in [
            ("", "/"),
            ("/a//b/../c/.", "/a//b/../c/."),
            ("/a%20b+c", "/a%20b%2Bc"),
            ("/a:b%3ac", "/a%3Ab%3Ac"),
            ("/%41%7E", "/A~"),
            ("/100%", "/100%25"),
            ("/a%2Fb", "/a/b"),
        ] {
            assert_eq!(canonical(wire, PathRules::S3), path, "{wire}");
        }
        assert_eq!(PathRules::for_service("S3"), PathRules::S3);
        assert_eq!(PathRules::for_service("iam"), PathRules::STANDARD);
    }
}
