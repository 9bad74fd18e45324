//! Lists of challenges and of parameters (RFC 9110 sections 11.2 to 11.6).

/// A scheme and its parameters. Names are in lower case; values are bytes, without quotes and escapes.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Challenge {
    pub(crate) scheme: String,
    pub(crate) params: Vec<(String, Vec<u8>)>,
}

/// The challenges of one `WWW-Authenticate` header. What comes after a mistake is not read.
pub(crate) fn challenges(header: &[u8]) -> Vec<Challenge> {
    let mut reader = Reader { rest: header };
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        reader.skip(|byte| matches!(byte, b' ' | b'\t' | b','));
        let before = reader.rest;
        let Some(token) = reader.token() else {
            return challenges;
        };
        reader.blanks();
        if reader.rest.first() == Some(&b'=') && !challenges.is_empty() {
            reader.rest = before;
            let Some(param) = reader.param() else {
                return challenges;
            };
            if let Some(last) = challenges.last_mut() {
                last.params.push(param);
            }
            continue;
        }
        challenges.push(Challenge {
            scheme: token.to_ascii_lowercase(),
            params: Vec::new(),
        });
        reader.token68();
    }
}

/// The parameters of a header that has no scheme: `Authentication-Info`.
pub(crate) fn params(header: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut reader = Reader { rest: header };
    let mut params = Vec::new();
    loop {
        reader.skip(|byte| matches!(byte, b' ' | b'\t' | b','));
        match reader.param() {
            Some(param) => params.push(param),
            None => return params,
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn skip(&mut self, what: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !what(byte));
        let (skipped, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        skipped
    }

    fn blanks(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\t'));
    }

    fn token(&mut self) -> Option<&'a str> {
        let token = self.skip(is_token);
        if token.is_empty() {
            return None;
        }
        std::str::from_utf8(token).ok()
    }

    /// Skips `YII…==`, which some schemes have in place of parameters.
    fn token68(&mut self) {
        let before = self.rest;
        let text = self.skip(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        let padding = self.skip(|byte| byte == b'=');
        self.blanks();
        let ends = matches!(self.rest.first(), None | Some(b','));
        // A lone token before a comma could be a further scheme; then there are no parameters to lose either.
        if text.is_empty() || !ends || (padding.is_empty() && self.rest.is_empty()) {
            self.rest = before;
        }
    }

    /// `name = value` or `name = "value"`.
    fn param(&mut self) -> Option<(String, Vec<u8>)> {
        let name = self.token()?.to_ascii_lowercase();
        self.blanks();
        self.rest = self.rest.strip_prefix(b"=")?;
        self.blanks();
        let value = match self.rest.strip_prefix(b"\"") {
            Some(rest) => {
                self.rest = rest;
                self.quoted()?
            }
            None => self
                .skip(|byte| !matches!(byte, b' ' | b'\t' | b','))
                .to_vec(),
        };
        Some((name, value))
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        loop {
            value.extend_from_slice(self.skip(|byte| !matches!(byte, b'"' | b'\\')));
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Some(value);
                }
                [b'\\', escaped, rest @ ..] => {
                    value.push(*escaped);
                    self.rest = rest;
                }
                _ => return None, // no closing quote
            }
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Vec<String> {
        let show = |challenge: &Challenge| {
            let mut text = challenge.scheme.clone();
            for (name, value) in &challenge.params {
                text.push_str(&format!(" {name}={}", String::from_utf8_lossy(value)));
            }
            text
        };
        challenges(header.as_bytes()).iter().map(show).collect()
    }

    #[test]
    fn several_challenges_in_one_header_are_told_apart() {
        for (header, expected) in [
            ("", &[][..]),
            (r#"Basic realm="a, b=\"c\"""#, &[r#"basic realm=a, b="c""#]),
            (
                r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#,
                &[
                    r#"newauth realm=apps type=1 title=Login to "apps""#,
                    "basic realm=simple",
                ],
            ),
            (
                r#"Negotiate, Digest REALM = "x" , nonce=abc==,qop="auth,auth-int""#,
                &["negotiate", "digest realm=x nonce=abc== qop=auth,auth-int"],
            ),
            (
                r#"Negotiate YII/+x==, NTLM TlRM==, Digest realm="é""#,
                &["negotiate", "ntlm", "digest realm=é"],
            ),
            (" ,, Basic", &["basic"]),
            (r#"Digest realm="open"#, &["digest"]),
            ("=x", &[]),
        ] {
            assert_eq!(read(header), expected, "{header}");
        }
    }

    #[test]
    fn a_list_without_a_scheme() {
        let read = params(br#"nextnonce="n,1", qop=auth,nc=00000001"#);
        let expected = [("nextnonce", "n,1"), ("qop", "auth"), ("nc", "00000001")];
        let expected: Vec<_> = expected
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .into();
        assert_eq!(read, expected);
    }
}
