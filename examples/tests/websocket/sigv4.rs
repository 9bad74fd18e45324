//! Judges signatures as AWS documents them (Signature Version 4), with nothing of ours.

use axum::http::{HeaderMap, Method};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

pub(crate) const KEY_ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

struct Claimed<'a> {
    /// Date, region, service, `aws4_request`.
    scope: &'a str,
    time: &'a str,
    /// Names of headers.
    signed: &'a str,
    signature: &'a str,
}

fn is_right(
    claimed: &Claimed<'_>,
    method: &Method,
    uri: &str,
    query: &str,
    headers: &HeaderMap,
) -> bool {
    let path = uri.split('?').next().unwrap_or("/");
    let mut canonical = format!("{method}\n{path}\n{query}\n");
    for name in claimed.signed.split(';') {
        let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) else {
            return false;
        };
        canonical += &format!("{name}:{}\n", value.trim());
    }
    let payload = match headers.get("x-amz-content-sha256") {
        Some(hash) => hash.to_str().unwrap().to_owned(),
        None => hex(&Sha256::digest(b"")),
    };
    canonical += &format!("\n{}\n{payload}", claimed.signed);
    let (scope, time) = (claimed.scope, claimed.time);
    let hash = hex(&Sha256::digest(canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
    let key = scope
        .split('/')
        .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
            hmac(&key, part)
        });
    hex(&hmac(&key, &to_sign)) == claimed.signature
}

/// The signature of `Authorization`, which has to cover what makes it a handshake.
pub(crate) fn by_header(method: &Method, uri: &str, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(authorization), Some(time)) = (text("authorization"), text("x-amz-date")) else {
        return false;
    };
    let part = |name: &str| {
        let rest = authorization.split_once(name)?.1;
        rest.split([',', ' ']).next()
    };
    let Some((credential, signed, signature)) = part("Credential=")
        .zip(part("SignedHeaders="))
        .zip(part("Signature="))
        .map(|((credential, signed), signature)| (credential, signed, signature))
    else {
        return false;
    };
    let Some(scope) = credential
        .strip_prefix(KEY_ID)
        .and_then(|rest| rest.strip_prefix('/'))
    else {
        return false;
    };
    let claimed = Claimed {
        scope,
        time,
        signed,
        signature,
    };
    let covers = signed
        .split(';')
        .any(|name| name == "sec-websocket-protocol");
    covers && is_right(&claimed, method, uri, "", headers)
}

/// The signature of the query.
pub(crate) fn by_query(method: &Method, uri: &str, headers: &HeaderMap) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    let mut all: Vec<_> = query.split('&').collect();
    let value = |name: &str| {
        let pair = all.iter().find_map(|pair| pair.strip_prefix(name))?;
        let decoded = percent_encoding::percent_decode_str(pair.strip_prefix('=')?);
        Some(decoded.decode_utf8().ok()?.into_owned())
    };
    let names = [
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ];
    let [Some(credential), Some(time), Some(signed), Some(signature)] = names.map(value) else {
        return false;
    };
    let Some(scope) = credential
        .strip_prefix(KEY_ID)
        .and_then(|rest| rest.strip_prefix('/'))
    else {
        return false;
    };
    all.retain(|pair| !pair.starts_with("X-Amz-Signature="));
    all.sort_unstable();
    let claimed = Claimed {
        scope,
        time: &time,
        signed: &signed,
        signature: &signature,
    };
    is_right(&claimed, method, uri, &all.join("&"), headers)
}
