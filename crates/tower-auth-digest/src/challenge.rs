//! What a server asks for (RFC 7616 section 3.3).

use crate::{
    Unanswered,
    algorithm::{Algorithm, Hash},
};
use http::{HeaderMap, header::WWW_AUTHENTICATE};
use tower_auth_core::challenge::{self, Params};

/// What a server gave and every request repeats may be so long, in bytes, all together. Servers take heads of 8 KiB and
/// more.
const LONGEST_ECHO: usize = 4 << 10;

/// A Digest challenge that can be answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Challenge {
    pub(crate) realm: Vec<u8>,
    pub(crate) nonce: Vec<u8>,
    pub(crate) opaque: Option<Vec<u8>>,
    pub(crate) algorithm: Algorithm,
    /// The name of the algorithm as the server wrote it; echoed.
    pub(crate) named: Option<String>,
    pub(crate) quality: Quality,
    pub(crate) userhash: bool,
    pub(crate) utf8: bool,
    /// The nonce of the request was too old; the user name and password may be right.
    pub(crate) stale: bool,
}

/// Quality of protection (`qop`) that is going to be used, in order of strength.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Quality {
    /// None: the server speaks RFC 2069 only.
    Legacy,
    /// `auth`.
    Auth,
    /// `auth-int`: the body is covered, too.
    AuthInt,
}

/// What the client is ready to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) integrity: bool,
    pub(crate) md5: bool,
}

/// The strongest of all Digest challenges that can be answered: by hash, then by what is protected; of equals the first.
///
/// # Errors
///
/// Why the first that cannot be answered is not; `None` when there is no Digest challenge at all.
pub(crate) fn choose(headers: &HeaderMap, policy: Policy) -> Result<Challenge, Option<Unanswered>> {
    let strength = |of: &Challenge| (of.algorithm.hash, of.quality);
    let (mut best, mut unanswered): (Option<Challenge>, _) = (None, None);
    let all = challenge::of(headers, &WWW_AUTHENTICATE).filter(|one| one.is("Digest"));
    for challenge in all {
        match understand(challenge.params(), policy) {
            Ok(challenge) => {
                if best
                    .as_ref()
                    .is_none_or(|best| strength(best) < strength(&challenge))
                {
                    best = Some(challenge);
                }
            }
            Err(why) => unanswered = unanswered.or(Some(why)),
        }
    }
    best.ok_or(unanswered)
}

fn understand(params: &Params<'_>, policy: Policy) -> Result<Challenge, Unanswered> {
    let challenge = read(params, policy).ok_or(Unanswered::Unsupported)?;
    if challenge.is_too_long() {
        return Err(Unanswered::TooLong);
    }
    Ok(challenge)
}

fn read(params: &Params<'_>, policy: Policy) -> Option<Challenge> {
    let is = |name: &str, wanted: &str| {
        let value = params.get(name);
        value.is_some_and(|value| value.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    let algorithm = Algorithm::named(params.get("algorithm"))?;
    if algorithm.hash == Hash::Md5 && !policy.md5 {
        return None;
    }
    let quality = quality(params.get("qop"), policy.integrity)?;
    if quality == Quality::Legacy && algorithm.session {
        return None; // RFC 7616 section 3.4.2 needs the client nonce, which only `qop` brings
    }
    let named = params
        .get("algorithm")
        .and_then(|name| std::str::from_utf8(name).ok());
    Some(Challenge {
        realm: params.given("realm")?.to_vec(),
        nonce: params.get("nonce")?.to_vec(),
        opaque: params.get("opaque").map(<[u8]>::to_vec),
        algorithm,
        named: named.map(str::to_owned),
        quality,
        userhash: is("userhash", "true"),
        utf8: is("charset", "UTF-8"),
        stale: is("stale", "true"),
    })
}

/// What an answer is worth to whom it is meant for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strength {
    sound: bool, // a hash other than MD5
    quality: Quality,
}

impl Strength {
    pub(crate) fn is_below(self, other: Self) -> bool {
        (other.sound && !self.sound) || self.quality < other.quality
    }

    pub(crate) fn raise(&mut self, other: Self) {
        self.sound |= other.sound;
        self.quality = self.quality.max(other.quality);
    }
}

impl Challenge {
    pub(crate) fn strength(&self) -> Strength {
        Strength {
            sound: self.algorithm.hash != Hash::Md5,
            quality: self.quality,
        }
    }

    /// Whether an answer would make requests larger than servers take.
    pub(crate) fn is_too_long(&self) -> bool {
        let opaque = self.opaque.as_ref().map_or(0, Vec::len);
        self.realm.len() + self.nonce.len() + opaque > LONGEST_ECHO
    }
}

fn quality(offered: Option<&[u8]>, integrity: bool) -> Option<Quality> {
    let Some(offered) = offered else {
        return Some(Quality::Legacy);
    };
    let offers = |wanted: &str| {
        offered
            .split(|&byte| byte == b',')
            .any(|one| one.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
    };
    if integrity && offers("auth-int") {
        Some(Quality::AuthInt)
    } else if offers("auth") {
        Some(Quality::Auth)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(headers: &[&str], policy: Policy) -> Option<(Hash, Quality)> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, header.parse().unwrap());
        }
        let chosen = choose(&map, policy).ok()?;
        Some((chosen.algorithm.hash, chosen.quality))
    }

    const ANY: Policy = Policy {
        integrity: false,
        md5: true,
    };

    #[test]
    fn the_strongest_that_can_be_answered_is_chosen() {
        let md5 = r#"Digest realm="r", nonce="n", qop="auth, auth-int", algorithm=MD5"#;
        let sha = r#"Basic realm="b", Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256"#;
        let odd = r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA3-512"#;
        let int = r#"Digest realm="r", nonce="n", qop="auth-int", algorithm=SHA-512-256"#;
        assert_eq!(
            chosen(&[md5, sha, odd], ANY),
            Some((Hash::Sha256, Quality::Auth))
        );
        assert_eq!(chosen(&[odd, int], ANY), None);
        let integrity = Policy {
            integrity: true,
            ..ANY
        };
        assert_eq!(
            chosen(&[int, md5], integrity),
            Some((Hash::Sha512Half, Quality::AuthInt))
        );
        assert_eq!(
            chosen(&[md5], integrity),
            Some((Hash::Md5, Quality::AuthInt))
        );
        assert_eq!(
            chosen(&[sha], integrity),
            Some((Hash::Sha256, Quality::Auth))
        );
        assert_eq!(chosen(&[md5], Policy { md5: false, ..ANY }), None);
        // Of the same hash, that which protects more.
        let int = r#"Digest realm="r", nonce="n", qop="auth-int", algorithm=SHA-256"#;
        assert_eq!(
            chosen(&[sha, int], integrity),
            Some((Hash::Sha256, Quality::AuthInt))
        );
    }

    #[test]
    fn a_challenge_that_lacks_something_is_none() {
        for header in [
            "Digest",
            r#"Digest realm="r""#,
            r#"Digest nonce="n""#,
            r#"Digest realm="r", nonce="n", algorithm=MD5-sess"#,
            r#"Basic realm="r""#,
        ] {
            assert_eq!(chosen(&[header], ANY), None, "{header}");
        }
        for legacy in [
            r#"Digest realm="r", nonce="n""#,
            r#"Digest realm="r", nonce="n", qop="", algorithm="", opaque="", stale="", charset="", userhash="""#,
            r#"Digest realm=, nonce="n", qop=, algorithm="#,
        ] {
            assert_eq!(
                chosen(&[legacy], ANY),
                Some((Hash::Md5, Quality::Legacy)),
                "{legacy}"
            );
        }
        assert_eq!(chosen(&[r#"Digest realm="r", nonce="""#], ANY), None);
    }

    #[test]
    fn what_every_request_would_repeat_is_bounded() {
        let asked = |length| format!(r#"Digest realm="r", nonce="{}""#, "n".repeat(length));
        assert!(chosen(&[&asked(LONGEST_ECHO - 1)], ANY).is_some());
        assert!(chosen(&[&asked(LONGEST_ECHO)], ANY).is_none());
        // A challenge that is too long costs only itself.
        let good = r#"Digest realm="r", nonce="n""#;
        assert!(chosen(&[&asked(100_000), good], ANY).is_some());
    }
}
