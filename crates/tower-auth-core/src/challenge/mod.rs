//! Challenges: what a server asks for in `WWW-Authenticate` and `Proxy-Authenticate` (RFC 9110 section 11).

mod read;

use http::{HeaderMap, HeaderName};
use read::Reader;
use std::borrow::Cow;

/// So many challenges of one header are read, and so many headers of one name.
const MOST_CHALLENGES: usize = 32;
/// So many parameters of one challenge are kept.
const MOST_PARAMS: usize = 32;

/// One challenge: a scheme, and a token68 or parameters (RFC 9110 section 11.3).
///
/// ```
/// use tower_auth_core::challenge;
///
/// let header = br#"Negotiate YII=, Digest realm=, qop="", nonce="7ypf/xlj9XXwfDPEoM4URrv""#;
/// let challenges = challenge::parse(header);
/// assert_eq!(challenges[0].token68(), Some("YII="));
///
/// let digest = challenges[1].params();
/// assert_eq!(digest.get("qop"), None); // empty is absent
/// assert_eq!(digest.given("realm"), Some(&b""[..]));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenge<'a> {
    scheme: &'a str,
    token68: Option<&'a str>,
    params: Params<'a>,
}

impl<'a> Challenge<'a> {
    /// The scheme, as the server wrote it: `Bearer`.
    pub fn scheme(&self) -> &'a str {
        self.scheme
    }

    /// Whether this is its scheme, in whatever case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// What schemes such as `Negotiate` have in the place of parameters.
    pub fn token68(&self) -> Option<&'a str> {
        self.token68
    }

    /// The parameters; none beside a token68.
    pub fn params(&self) -> &Params<'a> {
        &self.params
    }
}

/// Parameters, `name=value`, in order: at most 32. Of several of one name the first counts.
///
/// Values are bytes, without quotes and escapes: servers write names of realms in all kinds of encodings.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Params<'a>(Vec<(&'a str, Cow<'a, [u8]>)>);

impl<'a> Params<'a> {
    /// The parameters of a header that has no scheme, such as `Authentication-Info` (RFC 9110 section 11.6.3). What is
    /// not understood is left out.
    pub fn parse(header: &'a [u8]) -> Self {
        let mut reader = Reader::new(header);
        let mut params = Self::default();
        while reader.next_element() {
            match reader.param() {
                Some((name, value)) => params.add(name, value),
                None => reader.skip_element(),
            }
        }
        params
    }

    /// The value of a parameter, by its name in whatever case. **An empty value is none**: servers write `qop=""` for a
    /// parameter that they do not have.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// The value of a parameter that may be empty, such as a realm.
    pub fn given(&self, name: &str) -> Option<&[u8]> {
        let mut params = self.0.iter();
        params
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// All of them, names as the server wrote them.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &[u8])> {
        self.0.iter().map(|(name, value)| (*name, &**value))
    }

    fn add(&mut self, name: &'a str, value: Option<Cow<'a, [u8]>>) {
        let Some(value) = value else { return };
        if self.0.len() < MOST_PARAMS && self.given(name).is_none() {
            self.0.push((name, value));
        }
    }
}

/// The challenges of one header value, in order: at most 32.
///
/// Read as leniently as can be without guessing: commas may be missing or too many, a value may lack its quotes or be
/// missing (`name=,`). What cannot be understood is passed over up to the next comma outside of quotes, and costs no
/// other challenge. The work is linear in the length.
///
/// `word=,` is a parameter without value when a further `name=` follows, and a token68 otherwise.
pub fn parse(header: &[u8]) -> Vec<Challenge<'_>> {
    let mut reader = Reader::new(header);
    let mut challenges: Vec<Challenge<'_>> = Vec::new();
    // Whether parameters belong to the last challenge: not after its token68, nor after what could not be read.
    let mut open = false;
    while reader.next_element() {
        if reader.at_param() {
            if let Some((name, value)) = reader.param() {
                if let Some(last) = challenges.last_mut().filter(|_| open) {
                    last.params.add(name, value);
                }
                reader.end_param();
            }
        } else if let Some(scheme) = reader.scheme() {
            if challenges.len() == MOST_CHALLENGES {
                break;
            }
            let token68 = reader.token68();
            open = token68.is_none();
            let params = Params::default();
            challenges.push(Challenge {
                scheme,
                token68,
                params,
            });
        } else {
            open = false;
            reader.skip_element();
        }
    }
    challenges
}

/// The challenges of all headers of this name, in order: of at most 32 of them.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
/// use tower_auth_core::challenge;
///
/// let mut headers = HeaderMap::new();
/// headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"simple\", Negotiate"));
/// headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
/// let schemes = challenge::of(&headers, &WWW_AUTHENTICATE).map(|challenge| challenge.scheme());
/// assert_eq!(schemes.collect::<Vec<_>>(), ["Basic", "Negotiate", "Bearer"]);
/// ```
pub fn of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Challenge<'a>> {
    let values = headers.get_all(name).into_iter().take(MOST_CHALLENGES);
    values.flat_map(|value| parse(value.as_bytes()))
}

#[cfg(test)]
mod tests;
