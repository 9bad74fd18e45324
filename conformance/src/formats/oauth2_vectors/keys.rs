//! Thumbprints, and tokens that are only verified.

use crate::{
    case::{Judged, Why},
    record::{Read as _, check, same, text},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tower_auth_jose::{Algorithm, Header, Jwk, SigningKey, Verifier};

fn key(jwk: &Value) -> Result<Jwk, Why> {
    Jwk::parse(&jwk.to_string()).map_err(text)
}

/// `rfc7638_thumbprint`, and those in other parts.
pub(super) fn thumbprint(jwk: &Value, recorded: &Value) -> Judged {
    let ours = key(jwk)?.thumbprint();
    check(*recorded == *ours, || {
        format!("ours {ours}, recorded {recorded}")
    })
}

/// A proof of `rfc9449_dpop`: signed by the key in its header, which is the one that is recorded.
pub(super) fn proof(part: &Value, entry: &Value) -> Judged {
    let token = entry["compact"].as_str().ok_or("has no `compact`")?;
    let verifier = Verifier::new([Algorithm::Es256]).keys([key(&part["jwk_public"])?]);
    let verified = verifier.verify(token).map_err(text)?;
    let payload = verified.claims().map_err(text)?;
    if entry["payload"].as_object() != Some(payload.as_map()) {
        return Err(format!("claims {:?}", payload.as_map()).into());
    }
    let header = verified.header();
    match entry["header"].as_object() {
        Some(recorded) if recorded != header => Err(format!("header {header:?}").into()),
        _ => thumbprint(&Value::from(header.get("jwk").cloned()), &part["jkt"]),
    }
}

/// A token that any verifier has to refuse, whatever keys it has.
pub(super) fn refused(token: &str, keys: impl IntoIterator<Item = Jwk>) -> Judged {
    let every = [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
        "ES384", "ES512", "EdDSA", "Ed25519",
    ];
    let every = every.into_iter().filter_map(Algorithm::from_name);
    match Verifier::new(every).keys(keys).verify(token) {
        Ok(_) => Err("is taken".into()),
        Err(_) => Ok(()),
    }
}

/// `rfc8705_mtls`: the hash of a certificate, as it goes into headers.
pub(super) fn certificate(part: &Value) -> Judged {
    let der = STANDARD
        .decode(part.text("certificate_der_base64")?)
        .map_err(text)?;
    let key = SigningKey::from_secret(Algorithm::Hs256, "a secret of thirty-two bytes here");
    let header = Header::new().certificate_sha256(&der);
    let token = key
        .map_err(text)?
        .sign_compact(&header, b"{}")
        .map_err(text)?;
    let ours = crate::formats::jws::Token::read(&token)?.header;
    same("hash", ours.maybe("x5t#S256"), part.maybe("x5t#S256"))
}
