//! Thumbprints, and tokens that are only verified.

use serde_json::Value;
use tower_auth_jose::{Algorithm, Jwk, Verifier};

fn key(jwk: &Value) -> Result<Jwk, String> {
    Jwk::parse(&jwk.to_string()).map_err(|error| error.to_string())
}

/// `rfc7638_thumbprint`, and those in other parts.
pub(super) fn thumbprint(jwk: &Value, recorded: &Value) -> Result<(), String> {
    let ours = key(jwk)?.thumbprint();
    if *recorded == *ours {
        Ok(())
    } else {
        Err(format!("ours {ours}, recorded {recorded}"))
    }
}

/// A proof of `rfc9449_dpop`: signed by the key in its header, which is the one that is recorded.
pub(super) fn proof(part: &Value, entry: &Value) -> Result<(), String> {
    let token = entry["compact"].as_str().ok_or("has no `compact`")?;
    let verifier = Verifier::new([Algorithm::Es256]).keys([key(&part["jwk_public"])?]);
    let verified = verifier.verify(token).map_err(|error| error.to_string())?;
    let payload = verified.claims().map_err(|error| error.to_string())?;
    if entry["payload"].as_object() != Some(payload.as_map()) {
        return Err(format!("claims {:?}", payload.as_map()));
    }
    let header = verified.header();
    match entry["header"].as_object() {
        Some(recorded) if recorded != header => Err(format!("header {header:?}")),
        _ => thumbprint(&Value::from(header.get("jwk").cloned()), &part["jkt"]),
    }
}

/// A token that any verifier has to refuse, whatever keys it has.
pub(super) fn refused(token: &str, keys: impl IntoIterator<Item = Jwk>) -> Result<(), String> {
    let every = [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
        "ES384", "ES512", "EdDSA", "Ed25519",
    ];
    let every = every.into_iter().filter_map(Algorithm::from_name);
    match Verifier::new(every).keys(keys).verify(token) {
        Ok(_) => Err("is taken".to_owned()),
        Err(_) => Ok(()),
    }
}
