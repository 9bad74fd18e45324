//! The part `basic`: user names and passwords (RFC 7617), client identifiers and secrets (RFC 6749 section 2.3.1).

use super::entries;
use crate::{
    case::Judged,
    record::{Read as _, Record, same},
    server::{header, send},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Request;
use serde_json::{Map, Value};
use tower_auth_core::{AuthError, Basic};

/// One for each recorded header of each entry; it is called by the entry and the header.
pub(super) fn records(file: &Record, part: &Value) -> Vec<Record> {
    let mut records = Vec::new();
    for (group, content) in entries(part) {
        let part = format!("basic/{group}");
        if group == "rfc6749_appendix_b" {
            records.push(file.with(&part, "", content.clone()));
            continue;
        }
        for (index, entry) in entries(content) {
            let none = Map::new();
            let names = entry.as_object().unwrap_or(&none).keys();
            let headers: Vec<_> = names.filter(|name| name.starts_with("header")).collect();
            for name in &headers {
                let id = match name.as_str() {
                    "header" => index.clone(),
                    name => format!("{index}/{name}"),
                };
                records.push(file.with(&part, &id, entry.clone()));
            }
            if headers.is_empty() {
                records.push(file.with(&part, &index, entry.clone()));
            }
        }
    }
    records
}

pub(super) async fn judge(record: &Record) -> Judged {
    let name = record
        .name
        .split_once('/')
        .map_or("header", |(_, name)| name);
    match (&*record.part, name) {
        // User name and password as they are.
        ("basic/rfc7617", "header") => {
            let charset = record.maybe("charset").unwrap_or("UTF-8");
            same("charset", &*charset.to_uppercase(), "UTF-8")?;
            let pair = (record.text("user")?, record.text("password")?);
            raw(pair, record.text(name)?).await
        }
        // Identifier and secret form-encoded, or raw for servers that want it so.
        ("basic/rfc6749_client_secret_basic", "header" | "header_form_encoded") => {
            let basic = Basic::for_client(record.text("client_id")?, record.text("client_secret")?);
            form_encoded(basic?, record.text(name)?).await
        }
        ("basic/rfc6749_client_secret_basic", "header_raw") => {
            let pair = (record.text("client_id")?, record.text("client_secret")?);
            raw(pair, record.text(name)?).await
        }
        // Seen through the one place where we use it: an identifier without a secret.
        ("basic/rfc6749_appendix_b", _) => {
            let pair = format!("{}:", record.text("form_encoded")?);
            let header = format!("Basic {}", STANDARD.encode(pair));
            form_encoded(Basic::for_client(record.text("value")?, "")?, &header).await
        }
        _ => Err("nothing judges this".into()),
    }
}

async fn raw((user, password): (&str, &str), recorded: &str) -> Judged {
    // The record has to be what it says, also of what we refuse.
    let pair = STANDARD.encode(format!("{user}:{password}"));
    same("the record itself", &*format!("Basic {pair}"), recorded)?;
    let ours = sent(Basic::new(user, password)?).await?;
    same("header", ours.as_deref(), Some(recorded))
}

async fn form_encoded(basic: Basic, recorded: &str) -> Judged {
    let ours = sent(basic).await?.ok_or("sends no header")?;
    match undisputed(&ours) {
        Some(pair) if Some(&pair) == undisputed(recorded).as_ref() => Ok(()),
        _ => same("header", &*ours, recorded),
    }
}

/// The credentials with `~` and `*` encoded, about which encoders of forms disagree, and decoders do not.
fn undisputed(header: &str) -> Option<String> {
    let pair = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    Some(pair.replace('~', "%7E").replace('*', "%2A"))
}

/// The `Authorization` that goes out.
async fn sent(basic: Basic) -> Result<Option<String>, AuthError> {
    let mut request = Request::new(());
    *request.uri_mut() = http::Uri::from_static("https://server.example/token");
    Ok(header(&send(basic, request).await?, "authorization"))
}

/// The parameter that cannot go into raw credentials: a colon in the user name, control characters in either.
pub(crate) fn forbidden(user: &str, password: &str) -> Option<&'static str> {
    let control = |text: &str| text.chars().any(|c| c.is_ascii_control());
    if user.contains(':') || control(user) {
        Some("username")
    } else {
        control(password).then_some("password")
    }
}
