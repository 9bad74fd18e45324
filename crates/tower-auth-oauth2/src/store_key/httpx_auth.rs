//! The keys of Python's httpx_auth.

use crate::{identity::hex, source::Tokens};
use sha2::{Digest as _, Sha512};
use std::{borrow::Cow, collections::HashSet, fmt::Write as _};
use tower_auth_core::{AuthError, Secret};
use zeroize::Zeroizing;

/// The key that httpx_auth 0.23 uses: SHA-512 of the token URL with the settings merged into its query.
pub(crate) fn key(tokens: &Tokens) -> Result<String, AuthError> {
    let unknown = |why| AuthError::configuration("store_key", why);
    if let Some(endpoint) = &tokens.endpoint {
        #[cfg(feature = "dpop")]
        if endpoint.prover.is_some() {
            return Err(unknown(
                "httpx_auth has no tokens that are bound to a key; use a key of your own",
            ));
        }
        if let Some((url, parameters)) = tokens.flow.httpx_auth_login(endpoint) {
            return Ok(of_login(url, &parameters));
        }
    }
    let (Some(fields), Some(token)) = (tokens.flow.httpx_auth_fields(), &tokens.endpoint) else {
        return Err(unknown(
            "httpx_auth has no such grant; use a key of your own",
        ));
    };
    let mut added = fields;
    if let Some(scope) = &token.scope {
        added.push(("scope", scope.into()));
    }
    let mut added: Vec<(&str, Vec<Secret>)> =
        added.into_iter().map(|(n, v)| (n, vec![v])).collect();
    let mut seen = HashSet::new();
    for (name, value) in &token.parameters {
        match added.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) if is_repeated(&token.parameters, name) && !seen.insert(&**name) => {
                values.push(value.clone());
            }
            Some((_, old)) => *old = vec![value.clone()],
            None => {
                seen.insert(name);
                added.push((name, vec![value.clone()]));
            }
        }
    }
    for (_, values) in added.iter_mut().filter(|(_, values)| values.len() > 1) {
        *values = vec![list(values)];
    }
    let auth = token.endpoint.auth();
    let is_password = added.iter().any(|(name, _)| *name == "password");
    if !is_password {
        let (Some(id), Some(secret)) = (auth.client_id(), auth.secret()) else {
            return Err(unknown(
                "httpx_auth's client credentials have a client id and a secret",
            ));
        };
        added.push(("_httpx_auth_client_id", vec![id.into()]));
        added.push(("_httpx_auth_client_secret", vec![secret.clone()]));
    } else if auth.client_id().is_some() {
        // It leaves the client out, so that two clients would share one user's token.
        return Err(unknown(
            "httpx_auth's key of a password grant leaves out which client it was issued to; use a key of your own",
        ));
    }
    Ok(hex(&Sha512::digest(&*merge(
        token.endpoint.given_url(),
        &added,
    ))))
}

/// The key of a login: the authorization URL with what is the same for every login.
fn of_login(url: &str, parameters: &[(String, Secret)]) -> String {
    let mut added: Vec<(&str, Vec<Secret>)> = Vec::new();
    for (name, value) in parameters {
        match added.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value.clone()),
            None => added.push((name, vec![value.clone()])),
        }
    }
    for (_, values) in added.iter_mut().filter(|(_, values)| values.len() > 1) {
        *values = vec![list(values)];
    }
    hex(&Sha512::digest(&*merge(&without_nonce(url), &added)))
}

/// httpx_auth takes a nonce for what differs from login to login.
fn without_nonce(url: &str) -> Cow<'_, str> {
    let (rest, fragment) = url
        .split_once('#')
        .map_or((url, None), |(rest, f)| (rest, Some(f)));
    let Some((base, query)) = rest.split_once('?') else {
        return url.into();
    };
    let is_kept = |written: &&str| {
        let mut parsed = form_urlencoded::parse(written.as_bytes());
        parsed.next().is_none_or(|(name, _)| name != "nonce")
    };
    let kept: Vec<_> = query.split('&').filter(is_kept).collect();
    let fragment = fragment.map(|fragment| format!("#{fragment}"));
    format!("{base}?{}{}", kept.join("&"), fragment.unwrap_or_default()).into()
}

fn is_repeated(parameters: &[(Cow<'static, str>, Secret)], name: &str) -> bool {
    parameters.iter().filter(|(known, _)| known == name).count() > 1
}

/// A list as Python prints it, which is how httpx_auth writes one.
fn list(values: &[Secret]) -> Secret {
    let quoted: Vec<_> = values
        .iter()
        .map(|value| {
            let text = value.expose().replace('\\', "\\\\");
            if text.contains('\'') && !text.contains('"') {
                format!("\"{text}\"")
            } else {
                format!("'{}'", text.replace('\'', "\\'"))
            }
        })
        .collect();
    format!("[{}]", quoted.join(", ")).into()
}

/// The URL with these in its query, as httpx_auth writes it: its own parameters are decoded, blank ones dropped, those of
/// one name gathered where the first stood; a new one takes the place of its name, or goes to the end. Characters beyond
/// ASCII outside of the query are written as Python escapes.
fn merge(url: &str, added: &[(&str, Vec<Secret>)]) -> Zeroizing<String> {
    let (rest, fragment) = match url.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (url, None),
    };
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut merged: Vec<(String, Vec<Secret>)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, v)| !v.is_empty()) {
        match merged.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value.into_owned().into()),
            None => merged.push((name.into_owned(), vec![value.into_owned().into()])),
        }
    }
    for (name, values) in added {
        match merged.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => old.clone_from(values),
            None => merged.push(((*name).to_owned(), values.clone())),
        }
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let (scheme, after) = base.split_once("://").unwrap_or((base, ""));
    escape(&mut text, &scheme.to_ascii_lowercase());
    text.push_str("://");
    escape(&mut text, after);
    let mut separator = '?';
    for (name, values) in &merged {
        for value in values {
            text.push(separator);
            quote(&mut text, name);
            text.push('=');
            quote(&mut text, value.expose());
            separator = '&';
        }
    }
    if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
        text.push('#');
        escape(&mut text, fragment);
    }
    text
}

/// Python's `quote_plus`: as forms, but `~` stays and `*` does not.
fn quote(out: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(byte.into())
            }
            b' ' => out.push('+'),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
}

/// Python's codec `unicode_escape`.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        let _ = match (c, u32::from(c)) {
            ('\\', _) => write!(out, "\\\\"),
            (_, 0x20..=0x7e) => write!(out, "{c}"),
            (_, code @ ..=0xff) => write!(out, "\\x{code:02x}"),
            (_, code @ ..=0xffff) => write!(out, "\\u{code:04x}"),
            (_, code) => write!(out, "\\U{code:08x}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_merged_as_python_does() {
        let added = [
            ("grant_type", vec!["client_credentials".into()]),
            ("y", vec!["~*é ".into()]),
        ];
        assert_eq!(
            *merge("HTTPS://h/é\\?x=1&y=2&x=3&f=&g#frag", &added),
            "https://h/\\xe9\\\\?x=1&x=3&y=~%2A%C3%A9+&grant_type=client_credentials#frag"
        );
        assert_eq!(*merge("https://h", &[]), "https://h");
    }
}
