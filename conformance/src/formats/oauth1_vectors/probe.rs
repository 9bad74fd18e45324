//! The part `probes`: single questions, each with the answer by the RFC (`reference`).

use super::{
    asked::{Asked, Placement},
    recorded::{Expect, judge},
};
use crate::case::Case;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Probe {
    #[serde(rename = "id")]
    _id: String,
    case: Asks,
    reference: Expect,
    // What the recorded libraries answer, and whether that is the same.
    #[serde(rename = "agree")]
    _agree: bool,
    #[serde(rename = "oauthlib")]
    _oauthlib: serde_json::Value,
    #[serde(rename = "authlib")]
    _authlib: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asks {
    method: String,
    url: String,
    body: Option<String>,
    content_type: Option<String>,
    placement: Placement,
    signature_method: String,
    client_key: String,
    client_secret: Option<String>,
    token: Option<String>,
    token_secret: Option<String>,
    callback: Option<String>,
    verifier: Option<String>,
    realm: Option<String>,
    nonce: String,
    timestamp: String,
    #[serde(default)]
    body_hash: bool,
    host_header: Option<String>,
}

pub(super) fn case(id: String, probe: Probe, rsa_key: Option<String>) -> Case {
    let Probe {
        case, reference, ..
    } = probe;
    let asked = Asked {
        method: case.method,
        url: case.url,
        host: case.host_header,
        body: case.body,
        content_type: case.content_type,
        placement: case.placement,
        signature_method: case.signature_method,
        client_key: case.client_key,
        client_secret: case.client_secret.unwrap_or_default(),
        token: case
            .token
            .map(|token| (token, case.token_secret.unwrap_or_default())),
        callback: case.callback,
        verifier: case.verifier,
        realm: case.realm,
        nonce: case.nonce,
        timestamp: case.timestamp,
        body_hash: case.body_hash,
        without_version: false,
        rsa_key,
    };
    Case::new(id, async move { judge(&asked, &reference).await })
}
