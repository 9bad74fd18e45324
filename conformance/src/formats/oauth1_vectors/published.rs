//! The part `published`: examples of the RFC and of services' documentation.

use super::{
    NAME,
    asked::{Asked, Unsigned},
    drafts, each, judged, same,
    sent::Pairs,
    wiki,
};
use crate::case::{Case, Verdict};
use serde::Deserialize;
use serde_json::Value;
use tower_auth_oauth1::Method;

pub(super) fn cases(content: &Value) -> Vec<Case> {
    let Some(parts) = content.as_object() else {
        return vec![Case::unknown(
            format!("{NAME}/published"),
            "is not an object",
        )];
    };
    parts
        .iter()
        .flat_map(|(name, content)| {
            let part = format!("published/{name}");
            match name.as_str() {
                "rfc5849" | "twitter" => {
                    each(&part, content, |id, entry| judged(id, entry, example))
                }
                "rfc5849_base_string_3_4_1_1" => vec![base_string(part, content, parts)],
                "rfc5849_base_uri_3_4_1_2" => {
                    each(&part, content, |id, entry| judged(id, entry, base_uri))
                }
                "rfc5849_normalized_3_4_1_3_2" => {
                    vec![judged(format!("{NAME}/{part}"), content, normalized)]
                }
                "rfc5849_not_recomputable" => {
                    each(&part, content, |id, entry| judged(id, entry, placeholder))
                }
                "bodyhash_draft" => drafts::cases(&part, content),
                "oauth_core_wiki" => wiki::cases(&part, content),
                _ => vec![Case::unknown(
                    format!("{NAME}/{part}"),
                    "nothing judges this part",
                )],
            }
        })
        .collect()
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    #[serde(default)]
    id: String,
    method: String,
    url: String,
    oauth_params: Pairs,
    body: Option<String>,
    client_secret: Option<String>,
    token_secret: Option<String>,
    #[serde(rename = "signature_method")]
    _signature_method: Option<String>,
    base_string: Option<String>,
    signature: Option<String>,
    // What was printed, which is not always right: `signature` is.
    #[serde(rename = "published_signature")]
    _published: Option<String>,
    #[serde(rename = "published_is_correct")]
    _correct: Option<bool>,
    #[serde(rename = "erratum_2550_signature")]
    _erratum: Option<String>,
    #[serde(rename = "note")]
    _note: Option<String>,
}

impl Example {
    pub(super) fn asked(&self) -> Asked {
        let is_form = self.body.is_some();
        Asked {
            method: self.method.clone(),
            url: self.url.clone(),
            body: self.body.clone(),
            content_type: is_form.then(|| "application/x-www-form-urlencoded".to_owned()),
            client_secret: self.client_secret.clone().unwrap_or_default(),
            ..from_params(&self.oauth_params, self.token_secret.as_deref())
        }
    }
}

/// The protocol parameters of an example, as what our code is asked for.
pub(super) fn from_params(params: &[(String, String)], token_secret: Option<&str>) -> Asked {
    let get = |wanted: &str| {
        let found = params.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    Asked {
        signature_method: get("oauth_signature_method").unwrap_or_default(),
        client_key: get("oauth_consumer_key").unwrap_or_default(),
        token: get("oauth_token").map(|token| (token, token_secret.unwrap_or("").to_owned())),
        callback: get("oauth_callback"),
        verifier: get("oauth_verifier"),
        nonce: get("oauth_nonce").unwrap_or_default(),
        timestamp: get("oauth_timestamp").unwrap_or_default(),
        without_version: get("oauth_version").is_none(),
        ..Asked::default()
    }
}

/// A request with all its parameters.
pub(super) fn example(id: String, example: Example) -> Case {
    Case::new(id, async move {
        let asked = example.asked();
        match compare(&asked, &example).await {
            Ok(compared) => compared.into(),
            Err(Unsigned::Refused(error)) => Verdict::Refused(error.to_string()),
            Err(Unsigned::Unusable(why)) => Verdict::Differs(why),
        }
    })
}

async fn compare(asked: &Asked, example: &Example) -> Result<Result<(), String>, Unsigned> {
    let base_string = asked.base_string().await?;
    let sent = asked.sent().await?;
    let compare = || {
        if let Some(recorded) = &example.base_string {
            same("base string", &base_string, recorded)?;
        }
        let mut ours = sent.oauth_params(asked.placement)?;
        let signature = ours.pop().map(|(_, value)| value);
        if let Some(recorded) = &example.signature {
            same("signature", signature.as_ref(), Some(recorded))?;
        }
        if example.base_string.is_none() && example.signature.is_none() {
            return Err("records no answer".to_owned());
        }
        let mut recorded = example.oauth_params.clone();
        ours.sort();
        recorded.sort();
        same("parameters", ours, recorded)
    };
    Ok(compare())
}

/// The base string of section 3.4.1.1 is that of the example of section 3.1.
fn base_string(part: String, content: &Value, parts: &serde_json::Map<String, Value>) -> Case {
    let id = format!("{NAME}/{part}");
    let examples: Option<Vec<Example>> = parts
        .get("rfc5849")
        .and_then(|examples| serde_json::from_value(examples.clone()).ok());
    let found = examples
        .into_iter()
        .flatten()
        .find(|example| example.id.ends_with("3.4.1.1"));
    let (Some(recorded), Some(found)) = (content.as_str().map(str::to_owned), found) else {
        return Case::unknown(id, "is not a text, or its request is missing");
    };
    Case::new(id, async move {
        match found.asked().base_string().await {
            Ok(ours) => same("base string", ours, recorded).into(),
            Err(error) => Verdict::Differs(format!("{error:?}")),
        }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaseUri {
    method: String,
    url: String,
    base_uri: String,
}

fn base_uri(id: String, entry: BaseUri) -> Case {
    Case::new(id, async move {
        let asked = Asked {
            method: entry.method,
            url: entry.url,
            ..some_client()
        };
        match asked.base_string().await.as_deref().map(part(1)) {
            Ok(ours) => same("base string URI", ours, Some(entry.base_uri)).into(),
            Err(error) => Verdict::Differs(format!("{error:?}")),
        }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Normalized {
    params: Pairs,
    normalized: String,
}

/// The protocol parameters as such, all others in the query.
fn normalized(id: String, entry: Normalized) -> Case {
    Case::new(id, async move {
        let (protocol, query): (Vec<_>, Vec<_>) = entry
            .params
            .into_iter()
            .partition(|(name, _)| name.starts_with("oauth_"));
        let asked = Asked {
            method: "GET".to_owned(),
            url: format!("https://example.com/?{}", escape_all(&query)),
            ..from_params(&protocol, None)
        };
        match asked.base_string().await.as_deref().map(part(2)) {
            Ok(ours) => same("parameters", ours, Some(entry.normalized)).into(),
            Err(error) => Verdict::Differs(format!("{error:?}")),
        }
    })
}

/// A signature whose request is not printed. That of PLAINTEXT tells its secrets; others cannot be judged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placeholder {
    r#where: String,
    signature: String,
    #[serde(rename = "note")]
    _note: Option<String>,
}

fn placeholder(id: String, entry: Placeholder) -> Case {
    let secrets = entry.signature.split_once('&');
    let Some((client, token)) = secrets.filter(|_| entry.r#where.contains("PLAINTEXT")) else {
        return Case::unknown(id, "neither request nor secrets are recorded");
    };
    let ours = Method::PLAINTEXT.sign(b"", client, token);
    let compared = match ours {
        Ok(ours) => same("signature", &ours, &entry.signature),
        Err(error) => Err(error.to_string()),
    };
    Case::new(id, async move { compared.into() })
}

/// For what does not depend on the client.
pub(super) fn some_client() -> Asked {
    Asked {
        signature_method: "HMAC-SHA1".to_owned(),
        client_key: "key".to_owned(),
        nonce: "nonce".to_owned(),
        timestamp: "1".to_owned(),
        ..Asked::default()
    }
}

/// One of the three parts of a base string, decoded.
pub(super) fn part(index: usize) -> impl Fn(&str) -> Option<String> {
    move |base_string| {
        let part = base_string.split('&').nth(index)?;
        let decoded = percent_encoding::percent_decode_str(part).decode_utf8();
        decoded.ok().map(Into::into)
    }
}

/// A form in which every byte is escaped, so that it does not matter who thinks what of which character.
pub(super) fn escape_all(pairs: &[(String, String)]) -> String {
    let escape = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02X}")).collect() };
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}
