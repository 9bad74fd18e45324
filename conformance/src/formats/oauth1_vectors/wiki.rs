//! `oauth_core_wiki`: the test cases of the OAuth Core 1.0 wiki, and examples that others base on them.

use super::{
    NAME,
    asked::Asked,
    each, judged,
    published::{Example, escape_all, example, from_params, part, some_client},
    same,
    sent::Pairs,
};
use crate::case::{Case, Verdict};
use serde::Deserialize;
use serde_json::Value;
use tower_auth_core::AuthError;
use tower_auth_oauth1::{Method, RsaKey};

pub(super) fn cases(part: &str, content: &Value) -> Vec<Case> {
    let Some(groups) = content.as_object() else {
        return vec![Case::unknown(format!("{NAME}/{part}"), "is not an object")];
    };
    groups
        .iter()
        .flat_map(|(name, content)| {
            let part = format!("{part}/{name}");
            let one = || format!("{NAME}/{part}");
            match name.as_str() {
                "parameter_encoding" => {
                    each(&part, content, |id, entry| judged(id, entry, encoding))
                }
                "normalize" => each(&part, content, |id, entry| judged(id, entry, normalize)),
                "base_string" => each(&part, content, |id, entry| judged(id, entry, base_string)),
                "eran_example" => vec![judged(one(), content, mixed)],
                "term_ie" => vec![judged(one(), content, example)],
                "hmac_sha1" => each(&part, content, |id, entry| judged(id, entry, hmac)),
                "plaintext" => each(&part, content, |id, entry| judged(id, entry, plaintext)),
                "rsa_sha1" => vec![judged(one(), content, rsa)],
                _ => vec![Case::unknown(one(), "nothing judges this part")],
            }
        })
        .collect()
}

/// The value of a query parameter, as the base string has it.
fn encoding(id: String, (raw, encoded): (String, String)) -> Case {
    let pairs = vec![("v".to_owned(), raw)];
    parameters(id, &pairs, format!("v={encoded}"))
}

fn normalize(id: String, (pairs, normalized): (Pairs, String)) -> Case {
    parameters(id, &pairs, normalized)
}

/// The normalized parameters but for those of the protocol, which no request of ours goes without.
fn parameters(id: String, pairs: &[(String, String)], recorded: String) -> Case {
    let asked = Asked {
        method: "GET".to_owned(),
        url: format!("https://example.com/?{}", escape_all(pairs)),
        ..some_client()
    };
    Case::new(id, async move {
        match asked.base_string().await.as_deref().map(part(2)) {
            Ok(ours) => same("parameters", ours.as_deref().map(others), Some(recorded)).into(),
            Err(error) => Verdict::Differs(format!("{error:?}")),
        }
    })
}

fn others(normalized: &str) -> String {
    let others: Vec<_> = normalized
        .split('&')
        .filter(|pair| !pair.starts_with("oauth_"))
        .collect();
    others.join("&")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Base {
    method: String,
    url: String,
    oauth_params: Pairs,
    base_string: String,
}

fn base_string(id: String, entry: Base) -> Case {
    let bare = entry.oauth_params.is_empty();
    let client = if bare {
        some_client()
    } else {
        from_params(&entry.oauth_params, None)
    };
    let asked = Asked {
        method: entry.method,
        url: entry.url,
        ..client
    };
    Case::new(id, async move {
        let ours = match asked.base_string().await {
            Ok(ours) => ours,
            Err(error) => return Verdict::Differs(format!("{error:?}")),
        };
        if !bare {
            return same("base string", ours, entry.base_string).into();
        }
        // Recorded without protocol parameters.
        let compared = (0..2).try_for_each(|index| {
            same("part", part(index)(&ours), part(index)(&entry.base_string))
        });
        let compared = compared.and_then(|()| {
            let ours = part(2)(&ours).as_deref().map(others);
            same("parameters", ours, part(2)(&entry.base_string))
        });
        compared.into()
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mixed {
    method: String,
    url: String,
    params: Pairs,
    client_secret: String,
    token_secret: String,
    base_string: String,
    signature: String,
}

/// Protocol parameters and others in one list: the others go into the query.
fn mixed(id: String, entry: Mixed) -> Case {
    let (protocol, query): (Vec<_>, Vec<_>) = entry
        .params
        .into_iter()
        .partition(|(name, _)| name.starts_with("oauth_"));
    let request = serde_json::json!({
        "method": entry.method,
        "url": format!("{}?{}", entry.url, escape_all(&query)),
        "oauth_params": protocol,
        "client_secret": entry.client_secret,
        "token_secret": entry.token_secret,
        "base_string": entry.base_string,
        "signature": entry.signature,
    });
    judged::<Example>(id, &request, example)
}

fn hmac(id: String, entry: (String, String, String, String)) -> Case {
    let (client, token, base_string, recorded) = entry;
    signature(
        id,
        Method::HMAC_SHA1.sign(base_string.as_bytes(), &client, &token),
        recorded,
    )
}

fn plaintext(id: String, (client, token, recorded): (String, String, String)) -> Case {
    signature(id, Method::PLAINTEXT.sign(b"", &client, &token), recorded)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rsa {
    private_key_pkcs8_pem: String,
    base_string: String,
    signature: String,
    #[serde(rename = "note")]
    _note: Option<String>,
}

fn rsa(id: String, entry: Rsa) -> Case {
    let ours = RsaKey::from_pem(&entry.private_key_pkcs8_pem)
        .and_then(|key| Method::rsa_sha1(&key).sign(entry.base_string.as_bytes(), "", ""));
    signature(id, ours, entry.signature)
}

fn signature(id: String, ours: Result<String, AuthError>, recorded: String) -> Case {
    let compared = match ours {
        Ok(ours) => same("signature", ours, recorded),
        Err(error) => Err(error.to_string()),
    };
    Case::new(id, async move { compared.into() })
}
