//! What a server asks for (RFC 7616 section 3.3).

use crate::{
    algorithm::{Algorithm, Hash},
    params,
};
use http::{HeaderMap, header::WWW_AUTHENTICATE};

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
pub(crate) fn choose(headers: &HeaderMap, policy: Policy) -> Option<Challenge> {
    let mut best: Option<Challenge> = None;
    for header in headers.get_all(WWW_AUTHENTICATE) {
        for challenge in params::challenges(header.as_bytes()) {
            let Some(challenge) = understand(challenge, policy) else {
                continue;
            };
            let strength = |of: &Challenge| (of.algorithm.hash, of.quality);
            if best
                .as_ref()
                .is_none_or(|best| strength(best) < strength(&challenge))
            {
                best = Some(challenge);
            }
        }
    }
    best
}

fn understand(challenge: params::Challenge, policy: Policy) -> Option<Challenge> {
    if challenge.scheme != "digest" {
        return None;
    }
    let get = |wanted: &str| {
        let found = challenge.params.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| &value[..])
    };
    let is = |name: &str, wanted: &str| {
        get(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    let algorithm = Algorithm::named(get("algorithm"))?;
    if algorithm.hash == Hash::Md5 && !policy.md5 {
        return None;
    }
    let quality = quality(get("qop"), policy.integrity)?;
    if quality == Quality::Legacy && algorithm.session {
        return None; // RFC 7616 section 3.4.2 needs the client nonce, which only `qop` brings
    }
    let named = get("algorithm").and_then(|name| std::str::from_utf8(name).ok());
    Some(Challenge {
        realm: get("realm")?.to_vec(),
        nonce: get("nonce")?.to_vec(),
        opaque: get("opaque").map(<[u8]>::to_vec),
        algorithm,
        named: named.map(str::to_owned),
        quality,
        userhash: is("userhash", "true"),
        utf8: is("charset", "UTF-8"),
        stale: is("stale", "true"),
    })
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
        choose(&map, policy).map(|challenge| (challenge.algorithm.hash, challenge.quality))
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
        let legacy = r#"Digest realm="r", nonce="n""#;
        assert_eq!(chosen(&[legacy], ANY), Some((Hash::Md5, Quality::Legacy)));
    }
}
