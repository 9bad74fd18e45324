//! Signatures of ours, and those of others, judged by aws-lc's verifiers.

use crate::case::{Judged, Why};
use crate::record::{Read as _, check, text};
use aws_lc_rs::{
    hmac,
    signature::{
        self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use std::time::{Duration, UNIX_EPOCH};
use tower_auth_oauth2::{Algorithm, Assertion, SigningKey};

/// An algorithm by its name.
pub(crate) fn algorithm(name: &str) -> Result<Algorithm, Why> {
    Algorithm::from_name(name).ok_or_else(|| format!("we cannot sign with {name}").into())
}

/// Checks a signature with the public half of a JSON Web Key.
pub(crate) fn verify(algorithm: &str, jwk: &Value, input: &str, sig: &str) -> Judged {
    let octets = |name: &str| {
        let octets = BASE64_URL_SAFE_NO_PAD.decode(jwk.text(name)?);
        octets.map_err(text)
    };
    let sig = BASE64_URL_SAFE_NO_PAD.decode(sig).map_err(text)?;
    let bad = |_| Why::from(format!("the {algorithm} signature does not verify"));
    let input = input.as_bytes();
    let hash = match algorithm {
        "HS256" => Some(hmac::HMAC_SHA256),
        "HS384" => Some(hmac::HMAC_SHA384),
        "HS512" => Some(hmac::HMAC_SHA512),
        _ => None,
    };
    if let Some(hash) = hash {
        return hmac::verify(&hmac::Key::new(hash, &octets("k")?), input, &sig).map_err(bad);
    }
    let rsa: Option<&RsaParameters> = match algorithm {
        "RS256" => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Some(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => Some(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    };
    if let Some(parameters) = rsa {
        let key = RsaPublicKeyComponents {
            n: octets("n")?,
            e: octets("e")?,
        };
        return key.verify(parameters, input, &sig).map_err(bad);
    }
    let curve: Option<&'static dyn VerificationAlgorithm> = match algorithm {
        "ES256" => Some(&signature::ECDSA_P256_SHA256_FIXED),
        "ES384" => Some(&signature::ECDSA_P384_SHA384_FIXED),
        "ES512" => Some(&signature::ECDSA_P521_SHA512_FIXED),
        _ => None,
    };
    match (curve, algorithm) {
        (Some(curve), _) => {
            let point = [vec![4], octets("x")?, octets("y")?].concat();
            UnparsedPublicKey::new(curve, point)
                .verify(input, &sig)
                .map_err(bad)
        }
        (None, "EdDSA") => UnparsedPublicKey::new(&signature::ED25519, octets("x")?)
            .verify(input, &sig)
            .map_err(bad),
        _ => Err(format!("nothing verifies {algorithm}").into()),
    }
}

/// The same signature where the algorithm allows just one, else one that verifies.
pub(crate) fn signs_alike(key: &SigningKey, jwk: &Value, input: &str, recorded: &str) -> Judged {
    let name = key.algorithm().name();
    verify(name, jwk, input, recorded).map_err(|why| format!("recorded: {why}"))?;
    let ours = key.sign(input.as_bytes()).map_err(text)?;
    let ours = BASE64_URL_SAFE_NO_PAD.encode(ours);
    verify(name, jwk, input, &ours).map_err(|why| format!("ours: {why}"))?;
    let random = name.starts_with("PS") || name.starts_with("ES");
    check(random || ours == recorded, || {
        format!("ours {ours}, recorded {recorded}")
    })
}

/// The three parts of a token: header and claims decoded, what is signed, and the signature.
pub(crate) struct Token {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) input: String,
    pub(crate) signature: String,
}

impl Token {
    pub(crate) fn read(compact: &str) -> Result<Self, Why> {
        let parts: Vec<_> = compact.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err("is no token of three parts".into());
        };
        let json = |part: &str| -> Result<Value, Why> {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(text)?;
            serde_json::from_slice(&bytes).map_err(text)
        };
        Ok(Self {
            header: json(header)?,
            claims: json(claims)?,
            input: format!("{header}.{claims}"),
            signature: signature.to_owned(),
        })
    }
}

/// An assertion of ours that has to come out with this header and these claims, and the time to sign it at.
pub(crate) fn assertion(
    key: SigningKey,
    header: &Value,
    claims: &Value,
) -> Result<(Assertion, Duration), Why> {
    let header = object(header)?;
    let claims = object(claims)?;
    let seconds = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_u64)
            .ok_or_else(|| format!("no `{name}`"))
    };
    let (issued, expires) = (seconds("iat")?, seconds("exp")?);
    let lifetime = expires
        .checked_sub(issued)
        .ok_or("expires before it is issued")?;
    let key = match header.maybe("kid") {
        Some(key_id) => key.with_key_id(key_id),
        None => key,
    };
    let mut assertion = Assertion::new(key)
        .lifetime(Duration::from_secs(lifetime))
        .without_jwt_id();
    for (name, value) in header {
        if !["alg", "typ", "kid"].contains(&&**name) {
            assertion = assertion.header(name, value.clone());
        }
    }
    if header.get("typ").is_none() {
        assertion = assertion.header("typ", Value::Null);
    }
    for (name, value) in claims {
        assertion = match (&**name, value) {
            ("iat" | "exp", _) => assertion,
            ("iss", Value::String(issuer)) => assertion.issuer(issuer),
            ("sub", Value::String(subject)) => assertion.subject(subject),
            ("aud", Value::String(audience)) => assertion.audience(audience),
            ("jti", Value::String(id)) => assertion.jwt_id(id),
            (name, value) => assertion.claim(name, value.clone()),
        };
    }
    if claims.get("aud").is_none() {
        assertion = assertion.claim("aud", Value::Null);
    }
    Ok((assertion, Duration::from_secs(issued)))
}

/// Signs it, and compares what came out.
pub(crate) fn claims_alike(key: SigningKey, jwk: &Value, header: &Value, claims: &Value) -> Judged {
    let name = key.algorithm().name();
    let (assertion, now) = assertion(key, header, claims)?;
    let ours = assertion.sign(UNIX_EPOCH + now, "unused").map_err(text)?;
    let ours = Token::read(ours.expose())?;
    same(&ours, header, claims)?;
    verify(name, jwk, &ours.input, &ours.signature)
}

pub(crate) fn same(ours: &Token, header: &Value, claims: &Value) -> Judged {
    if ours.header != *header {
        return Err(format!("header {}, recorded {header}", ours.header).into());
    }
    if ours.claims != *claims {
        return Err(format!("claims {}, recorded {claims}", ours.claims).into());
    }
    Ok(())
}

fn object(value: &Value) -> Result<&Map<String, Value>, Why> {
    value.as_object().ok_or_else(|| "is no object".into())
}
