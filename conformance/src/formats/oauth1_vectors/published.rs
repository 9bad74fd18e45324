//! The part `published`: examples of the RFC, of services' documentation, of the body hash draft, and the test cases of the
//! OAuth Core 1.0 wiki.

use super::{asked::Asked, sent::Pairs};
use crate::{
    case::{Judged, Why},
    record::{Read as _, Record, same},
};
use serde_json::Value;
use tower_auth_oauth1::{Method, RsaKey};

/// What the entries of any part may say. Another member is one that nothing judges.
const MEMBERS: [&str; 22] = [
    "base_string",
    "base_uri",
    "body",
    "body_hash",
    "client_secret",
    "erratum_2550_signature",
    "id",
    "method",
    "normalized",
    "note",
    "oauth_params",
    "params",
    "private_key_pkcs8_pem",
    "published_is_correct",
    "published_signature",
    "published_signature_reproducible",
    "raw_body",
    "signature",
    "signature_method",
    "token_secret",
    "url",
    "where",
];

pub(super) async fn judge(record: &Record) -> Judged {
    let mut members = record
        .value
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys());
    if let Some(member) = members.find(|member| !MEMBERS.contains(&member.as_str())) {
        return Err(format!("nothing judges `{member}`").into());
    }
    let part = record.part.strip_prefix("published/").unwrap_or_default();
    match part {
        "rfc5849" | "twitter" | "oauth_core_wiki/term_ie" => example(record).await,
        "oauth_core_wiki/eran_example" => mixed(record).await,
        "rfc5849_base_string_3_4_1_1" => of_rfc(record).await,
        "rfc5849_base_uri_3_4_1_2" => {
            let ours = part_of(&asked(record, &[])?.base_string().await?, 1);
            same("base string URI", ours.as_deref(), record.maybe("base_uri"))
        }
        "rfc5849_normalized_3_4_1_3_2" => {
            let (protocol, query) = parted(record.read("params")?);
            let ours = parameters(&protocol, &query).await?;
            same("parameters", &*ours, record.text("normalized")?)
        }
        "rfc5849_not_recomputable" => {
            let signature = record.text("signature")?;
            let (client, token) = signature.split_once('&').ok_or("tells no secrets")?;
            signed(&Method::PLAINTEXT, ["", client, token], signature)
        }
        "bodyhash_draft" => body_hash(record).await,
        "oauth_core_wiki/parameter_encoding" => {
            let value = ("v".to_owned(), record.text("0")?.to_owned());
            let ours = others(&parameters(&[], &[value]).await?);
            same("parameters", ours, format!("v={}", record.text("1")?))
        }
        "oauth_core_wiki/normalize" => {
            let pairs: Pairs = record.read("0")?;
            let ours = others(&parameters(&[], &pairs).await?);
            same("parameters", &*ours, record.text("1")?)
        }
        "oauth_core_wiki/base_string" => base_string(record).await,
        "oauth_core_wiki/hmac_sha1" => {
            let [client, token, base] = [record.text("0")?, record.text("1")?, record.text("2")?];
            signed(&Method::HMAC_SHA1, [base, client, token], record.text("3")?)
        }
        "oauth_core_wiki/plaintext" => {
            let secrets = ["", record.text("0")?, record.text("1")?];
            signed(&Method::PLAINTEXT, secrets, record.text("2")?)
        }
        "oauth_core_wiki/rsa_sha1" => {
            let key = RsaKey::from_pem(record.text("private_key_pkcs8_pem")?)?;
            let input = [record.text("base_string")?, "", ""];
            signed(&Method::rsa_sha1(&key), input, record.text("signature")?)
        }
        _ => Err("nothing judges this part".into()),
    }
}

/// Of a base string, a client secret and a token secret.
fn signed(method: &Method, input: [&str; 3], recorded: &str) -> Judged {
    let [base_string, client, token] = input;
    let ours = method.sign(base_string.as_bytes(), client, token)?;
    same("signature", &*ours, recorded)
}

/// The request of an entry with these protocol parameters; any client where there are none.
fn asked(record: &Value, params: &[(String, String)]) -> Result<Asked, Why> {
    let get = |wanted: &str| {
        let found = params.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    let or = |wanted: &str, any: &str| {
        let any = if params.is_empty() { any } else { "" };
        get(wanted).unwrap_or_else(|| any.to_owned())
    };
    let body = record.maybe("body").or_else(|| record.maybe("raw_body"));
    let is_form = record.maybe("body").is_some();
    Ok(Asked {
        method: record.text("method")?.to_owned(),
        url: record.text("url")?.to_owned(),
        body: body.map(str::to_owned),
        content_type: is_form.then(|| "application/x-www-form-urlencoded".to_owned()),
        client_secret: record.maybe("client_secret").map(str::to_owned),
        token_secret: record.maybe("token_secret").map(str::to_owned),
        signature_method: or("oauth_signature_method", "HMAC-SHA1"),
        client_key: or("oauth_consumer_key", "key"),
        token: get("oauth_token"),
        callback: get("oauth_callback"),
        verifier: get("oauth_verifier"),
        nonce: or("oauth_nonce", "nonce"),
        timestamp: or("oauth_timestamp", "1"),
        without_version: get("oauth_version").is_none(),
        ..Asked::default()
    })
}

/// A request with all its parameters.
async fn example(entry: &Value) -> Judged {
    for member in ["token_secret", "client_secret", "body"] {
        if entry
            .at(member)
            .is_some_and(|it| !it.is_null() && !it.is_string())
        {
            return Err(format!("`{member}` is no text").into());
        }
    }
    let mut recorded: Pairs = entry.read("oauth_params")?;
    let asked = asked(entry, &recorded)?;
    let base_string = asked.base_string().await?;
    let sent = asked.sent().await?;
    let mut ours = sent.oauth_params(asked.placement)?;
    let signature = ours.pop().map(|(_, value)| value);
    if let Some(recorded) = entry.maybe("base_string") {
        same("base string", &*base_string, recorded)?;
    }
    match entry.maybe("signature") {
        Some(recorded) => same("signature", signature.as_deref(), Some(recorded))?,
        None => drop(entry.text("base_string")?),
    }
    ours.sort();
    recorded.sort();
    same("parameters", ours, recorded)
}

/// Protocol parameters and others in one list: the others go into the query.
async fn mixed(record: &Record) -> Judged {
    let (protocol, query) = parted(record.read("params")?);
    let mut entry = record.value.clone();
    let url = format!("{}?{}", record.text("url")?, escape_all(&query));
    entry["url"] = url.into();
    entry["oauth_params"] = serde_json::json!(protocol);
    example(&entry).await
}

fn parted(params: Pairs) -> (Pairs, Pairs) {
    let is_protocol = |(name, _): &(String, String)| name.starts_with("oauth_");
    params.into_iter().partition(is_protocol)
}

/// The base string of section 3.4.1.1 is that of the example of section 3.1.
async fn of_rfc(record: &Record) -> Judged {
    let examples = record.file.list("published/rfc5849")?;
    let is_it = |example: &&Value| {
        example
            .maybe("id")
            .is_some_and(|id| id.ends_with("3.4.1.1"))
    };
    let found = examples
        .iter()
        .find(is_it)
        .ok_or("its request is missing")?;
    let params: Pairs = found.read("oauth_params")?;
    let ours = asked(found, &params)?.base_string().await?;
    same("base string", &*ours, record.text("")?)
}

/// A draft that prints no secrets, so the base string counts.
async fn body_hash(record: &Record) -> Judged {
    let params: Pairs = record.read("oauth_params")?;
    let mut asked = asked(record, &params)?;
    asked.body_hash = true;
    let ours = asked.sent().await?.oauth_params(asked.placement)?;
    let hash = ours.iter().find(|(name, _)| name == "oauth_body_hash");
    let hash = hash.map(|(_, value)| &**value);
    same("hash", hash, Some(record.text("body_hash")?))?;
    let base_string = asked.base_string().await?;
    same("base string", &*base_string, record.text("base_string")?)
}

/// Recorded with protocol parameters, or without.
async fn base_string(record: &Record) -> Judged {
    let params: Pairs = record.read("oauth_params")?;
    let ours = asked(record, &params)?.base_string().await?;
    let recorded = record.text("base_string")?;
    if !params.is_empty() {
        return same("base string", &*ours, recorded);
    }
    for index in 0..2 {
        same("part", part_of(&ours, index), part_of(recorded, index))?;
    }
    let ours = part_of(&ours, 2).as_deref().map(others);
    same("parameters", ours, part_of(recorded, 2))
}

/// The normalized parameters of a request with these in its query.
async fn parameters(
    protocol: &[(String, String)],
    query: &[(String, String)],
) -> Result<String, Why> {
    let url = format!("https://example.com/?{}", escape_all(query));
    let entry = serde_json::json!({"method": "GET", "url": url});
    let base_string = asked(&entry, protocol)?.base_string().await?;
    Ok(part_of(&base_string, 2).ok_or("has no parameters")?)
}

/// The normalized parameters but for those of the protocol, which no request of ours goes without.
fn others(normalized: &str) -> String {
    let pairs = normalized.split('&');
    let others: Vec<_> = pairs.filter(|pair| !pair.starts_with("oauth_")).collect();
    others.join("&")
}

/// One of the three parts of a base string, decoded.
fn part_of(base_string: &str, index: usize) -> Option<String> {
    let part = base_string.split('&').nth(index)?;
    let decoded = percent_encoding::percent_decode_str(part).decode_utf8();
    decoded.ok().map(Into::into)
}

/// A form in which every byte is escaped, so that it does not matter who thinks what of which character.
fn escape_all(pairs: &[(String, String)]) -> String {
    let escape = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02X}")).collect() };
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}
