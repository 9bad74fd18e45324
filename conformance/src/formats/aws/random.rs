//! `botocore_random.json`: what botocore and the AWS CRT sign, and published examples.

use super::{Context, Recorded, chunks, events, judge as steps, reference};
use crate::{
    case::{Case, Judged},
    formats::Format,
    record::{Read as _, Record, entries, same, text},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;
use tower_auth_aws::{Credentials, NEVER_SIGNED, PayloadHash, SignedAlready};

pub(crate) struct BotocoreRandom;

impl Format for BotocoreRandom {
    fn name(&self) -> &'static str {
        "botocore_random"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        file.maybe("format") == Some("sigv4-botocore-random/1")
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        let about = ["format", "generator", "readme"];
        let parts = file.value.as_object().into_iter().flatten();
        let parts = parts.filter(|(part, _)| !about.contains(&&***part));
        let cases = parts.flat_map(|(part, content)| entries(file, part, content));
        cases.map(|record| Case::at_once(record, judge)).collect()
    }
}

fn judge(entry: &Record) -> Judged {
    match &*entry.part {
        "cases" => signed(entry, false),
        "v4a" => signed(entry, true),
        "v4a_key_derivation" => key(entry),
        "streaming" => chunks::judge(entry),
        "event_stream" => events::judge(entry),
        "documented" => documented(entry),
        "disputed_inputs" => disputed(entry),
        _ => Err("nothing judges this part".into()),
    }
}

fn signed(entry: &Value, v4a: bool) -> Judged {
    let mut context: Context = entry.read("context")?;
    let recorded: Recorded = entry.read("request")?;
    let expected = entry.read("expected")?;
    let host = entry["host_header"].as_str();
    let kind = entry["kind"].as_str().unwrap_or("");
    if v4a && context.never_signed_headers.is_none() {
        // What the AWS CRT leaves out.
        let names = [
            "connection",
            "expect",
            "sec-websocket-key",
            "sec-websocket-protocol",
            "sec-websocket-version",
            "transfer-encoding",
            "upgrade",
            "user-agent",
            "x-amzn-trace-id",
        ];
        context.never_signed_headers = Some(names.map(str::to_owned).to_vec());
    }
    let payload = context.payload(&recorded.body()?)?;
    if kind.ends_with("header") {
        steps::header(&context, &recorded, host, payload, &expected, v4a).map(drop)
    } else if kind.ends_with("query") {
        steps::query(&context, &recorded, host, payload, &expected, v4a)
    } else {
        Err(format!("unknown kind: {kind}").into())
    }
}

/// A published example. The body is not recorded; its hash is a part of the example.
fn documented(entry: &Value) -> Judged {
    let context: Context = entry.read("context")?;
    let recorded: Recorded = entry.read("request")?;
    let expected = entry.read("expected")?;
    let payload = entry["expected"]["payload_hash"]
        .as_str()
        .ok_or("records no payload")?;
    let payload = PayloadHash::parse(payload.as_bytes()).map_err(text)?;
    match entry["kind"].as_str() {
        Some("doc-header") => {
            steps::header(&context, &recorded, None, payload, &expected, false).map(drop)
        }
        Some("doc-query") => steps::query(&context, &recorded, None, payload, &expected, false),
        kind => Err(format!("unknown kind: {kind:?}").into()),
    }
}

/// The derivation of a SigV4a key.
fn key(entry: &Value) -> Judged {
    #[derive(Deserialize)]
    struct Key {
        access_key_id: String,
        secret_access_key: String,
        public_x: String,
        public_y: String,
    }
    let key: Key = entry.read("")?;
    let credentials =
        Credentials::new(&key.access_key_id, key.secret_access_key.as_str()).map_err(text)?;
    let ours = credentials.v4a_public_key().map_err(text)?;
    let ours: String = ours.iter().map(|byte| format!("{byte:02x}")).collect();
    same(
        "public key",
        &ours,
        &format!("04{}{}", key.public_x, key.public_y),
    )
}

/// An input about which signers disagree. Ours has to be what servers recompute (`reference`), and is signed by nobody
/// alone: unless the rule of the servers is one that no signer follows, one of the recorded ones has the same signature.
fn disputed(entry: &Value) -> Judged {
    let id = entry["id"].as_str().ok_or("has no id")?;
    let context: Context = entry.read("context")?;
    let recorded: Recorded = entry.read("request")?;
    let signer = context.signer(false)?;
    let (credentials, time) = (context.credentials()?, context.time()?);
    let host = match id {
        "host-userinfo" | "host-upper" => None, // what is sent is ours to say
        _ => entry["host_header"].as_str(),
    };
    let mut request = recorded.request(host)?;
    let payload = match request.headers().get("x-amz-content-sha256") {
        Some(line) => PayloadHash::parse(line.as_bytes()).map_err(text)?,
        None => context.payload(&recorded.body()?)?,
    };
    if let Some(expires) = context.expires_in {
        let expires = Duration::from_secs(expires);
        let url = signer.presign(&credentials, time, expires, &request, Some(payload));
        if id.starts_with("presign-existing-date") {
            return match url {
                Err(_) => Ok(()),
                Ok(_) => Err("a parameter is there twice, and nothing was said".into()),
            };
        }
        let url = url.map_err(text)?.to_string();
        let (unsigned, signature) = url.rsplit_once("&X-Amz-Signature=").ok_or("no signature")?;
        *request.uri_mut() = unsigned.parse().map_err(text)?;
        return compare(
            &context,
            &request,
            &signer.canonical_request((&request).into(), payload),
        )
        .and_then(|()| agrees(entry, signature));
    }
    let written = ["authorization", "x-amz-date"]
        .iter()
        .any(|name| request.headers().contains_key(*name));
    // What is there already is refused where that was asked for: nothing else can be held against a server.
    let signer = match written {
        true => signer.signed_already(SignedAlready::Refuse),
        false => signer,
    };
    let signature = match (
        signer.sign(&credentials, time, &mut request, payload),
        written,
    ) {
        (Ok(signature), false) => signature,
        (Err(_), true) => return Ok(()),
        (Err(error), false) => return Err(text(error)),
        (Ok(_), true) => return Err("a header of the signature was replaced silently".into()),
    };
    request.headers_mut().remove("authorization");
    compare(
        &context,
        &request,
        &signer.canonical_request((&request).into(), payload),
    )?;
    match id.split('/').next() {
        // The servers' rule, which no signer follows to the letter: S3 paths that are not spelled canonically.
        Some("path-lowerhex" | "path-subdelims" | "path-overenc" | "path-encslash")
            if context.service == "s3" =>
        {
            Ok(())
        }
        // The request target is spelled as the servers spell it. Others sign another header than is sent.
        Some("method-lower") => Ok(()),
        Some("signs-header") if NEVER_SIGNED.contains(&id.trim_start_matches("signs-header/")) => {
            Ok(())
        }
        _ => agrees(entry, signature.as_str()),
    }
}

fn compare(context: &Context, request: &http::Request<()>, canonical: &[u8]) -> Judged {
    let signs = |name: &str| !NEVER_SIGNED.contains(&name);
    let parts = reference::parts(request, context.service.starts_with("s3"), signs);
    let canonical = match std::str::from_utf8(canonical) {
        Ok(text) => text.to_owned(),
        Err(_) => canonical.iter().map(|&b| char::from(b)).collect(),
    };
    let lines: Vec<&str> = canonical.split('\n').collect();
    same("method", lines[0], request.method().as_str())?;
    same("path", lines[1], &parts.path)?;
    same("query", lines[2], &parts.query)?;
    let headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
    same(
        "headers",
        &lines[3..lines.len() - 3].join("\n"),
        &headers.join("\n"),
    )?;
    let names: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    same("signed headers", lines[lines.len() - 2], names.join(";"))
}

/// Whether one of the recorded signers has this signature.
fn agrees(entry: &Value, signature: &str) -> Judged {
    let results = entry["results"].as_object().ok_or("records no results")?;
    let agree = results
        .values()
        .any(|result| result["signature"].as_str() == Some(signature));
    if agree {
        return Ok(());
    }
    Err("none of the recorded signers has this signature".into())
}
