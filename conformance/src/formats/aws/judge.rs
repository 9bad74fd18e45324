//! Signs a recorded request and compares every step.

use super::{Context, Recorded, hex};
use crate::case::{Judged, Why};
use crate::record::{same, text};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use http::{HeaderMap, Uri};
use serde::Deserialize;
use std::time::Duration;
use tower_auth_aws::{PayloadHash, SigV4, Signature, Signer};
use tower_auth_core::{Authorize, Clock, clock::ManualClock};

/// The recorded answer. Which parts there are differs from file to file; what is there has to agree.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Expected {
    canonical_request: Option<String>,
    string_to_sign: Option<String>,
    #[serde(alias = "seed_signature")]
    signature: Option<String>,
    authorization: Option<String>,
    signed_headers: Option<Vec<String>>,
    payload_hash: Option<String>,
    url: Option<String>,
    public_x: Option<String>,
    public_y: Option<String>,
}

impl Expected {
    fn check_recorded(&self) -> Judged {
        match (&self.canonical_request, &self.string_to_sign) {
            (None, None) => Err("records neither a canonical request nor a string to sign".into()),
            _ => Ok(()),
        }
    }
}

/// What signing a recorded request gave.
pub(super) struct Signed {
    pub(super) signer: Signer,
    pub(super) signature: Signature,
}

/// `Authorization`.
pub(super) fn header(
    context: &Context,
    recorded: &Recorded,
    host: Option<&str>,
    payload: PayloadHash,
    expected: &Expected,
    v4a: bool,
) -> Result<Signed, Why> {
    expected.check_recorded()?;
    let signer = context.signer(v4a)?;
    let (credentials, time) = (context.credentials()?, context.time()?);
    let mut request = recorded.request(host)?;
    let signature = signer
        .sign(&credentials, time, &mut request, payload)
        .map_err(text)?;
    if !v4a {
        // The scheme is the signer and a clock.
        let mut layered = recorded.request(host)?;
        layered.extensions_mut().insert(payload);
        let clock = Clock::new(ManualClock::at(time));
        SigV4::with_signer(signer.clone(), credentials.clone())
            .clock(clock)
            .declared_hash()
            .authorize((), &mut layered)
            .map_err(text)?;
        // … which says of an empty body that it is.
        let mut plain = recorded.request(host)?;
        if let Some(length) = layered.headers().get("content-length") {
            plain.headers_mut().insert("content-length", length.clone());
        }
        signer
            .sign(&credentials, time, &mut plain, payload)
            .map_err(text)?;
        if layered.headers() != plain.headers() {
            return Err("the scheme sends other headers than the signer".into());
        }
    }
    // The steps, from what is sent; what is added after signing was not there then.
    let authorization = take(request.headers_mut(), "authorization")?;
    if context.omit_session_token == Some(true) {
        let token = take(request.headers_mut(), "x-amz-security-token")?;
        same(
            "session token",
            &token,
            context.session_token.as_deref().unwrap_or(""),
        )?;
    }
    let canonical = signer.canonical_request((&request).into(), payload);
    let string_to_sign = signer.string_to_sign(time, &canonical);
    steps(expected, &latin1(&canonical), &string_to_sign)?;

    let scheme = authorization.split(' ').next().unwrap_or("");
    let part = |name: &str| {
        let rest = authorization.split_once(name).map_or("", |(_, rest)| rest);
        rest.split(',').next().unwrap_or("").to_owned()
    };
    if let Some(names) = &expected.signed_headers {
        same("signed headers", &part("SignedHeaders="), &names.join(";"))?;
    }
    same(
        "signature in the header",
        part("Signature="),
        signature.as_str(),
    )?;
    if v4a {
        same("algorithm", scheme, "AWS4-ECDSA-P256-SHA256")?;
        verify(context, expected, &string_to_sign, signature.as_str())?;
        if let Some(recorded) = &expected.authorization {
            let unsigned = |text: &str| text.split("Signature=").next().unwrap_or("").to_owned();
            same(
                "authorization",
                &unsigned(&authorization),
                &unsigned(recorded),
            )?;
        }
    } else {
        if let Some(recorded) = &expected.signature {
            same("signature", signature.as_str(), recorded)?;
        }
        if let Some(recorded) = &expected.authorization {
            same("authorization", &authorization, recorded)?;
        }
    }
    if let Some(recorded) = &expected.payload_hash {
        same("payload", payload.as_str(), recorded)?;
    }
    Ok(Signed { signer, signature })
}

/// A presigned URL.
pub(super) fn query(
    context: &Context,
    recorded: &Recorded,
    host: Option<&str>,
    payload: PayloadHash,
    expected: &Expected,
    v4a: bool,
) -> Judged {
    expected.check_recorded()?;
    let signer = context.signer(v4a)?;
    let (credentials, time) = (context.credentials()?, context.time()?);
    let mut request = recorded.request(host)?;
    let expires = context.expires_in.ok_or("says nothing of expiry")?;
    let expires = Duration::from_secs(expires);
    if context.add_content_sha256_header == Some(true) {
        let line = payload.as_str().parse().map_err(text)?;
        request.headers_mut().insert("x-amz-content-sha256", line);
    }
    let url = signer
        .presign(&credentials, time, expires, &request, Some(payload))
        .map_err(text)?;
    let (url, headers) = url.into_parts();
    request.headers_mut().extend(headers);
    if !request.headers().contains_key("host") {
        let host = url.host().ok_or("the URL has no host")?;
        let host = host.parse().map_err(text)?;
        request.headers_mut().insert("host", host);
    }
    let (unsigned, signature) = split_signature(&url, context.omit_session_token == Some(true))?;
    *request.uri_mut() = unsigned;
    let canonical = signer.canonical_request((&request).into(), payload);
    let string_to_sign = signer.string_to_sign(time, &canonical);
    steps(expected, &latin1(&canonical), &string_to_sign)?;
    if v4a {
        verify(context, expected, &string_to_sign, &signature)?;
    } else if let Some(recorded) = &expected.signature {
        same("signature", &signature, recorded)?;
    }
    if let Some(recorded) = &expected.url {
        if !v4a {
            same("parameters", &sorted(&url.to_string()), &sorted(recorded))?;
        }
    }
    Ok(())
}

/// The URL before it was signed, and the signature.
fn split_signature(url: &Uri, token_last: bool) -> Result<(Uri, String), Why> {
    let url = url.to_string();
    let (unsigned, signature) = url
        .rsplit_once("&X-Amz-Signature=")
        .ok_or("the signature is not the last parameter")?;
    let unsigned = if token_last {
        let (unsigned, _) = unsigned
            .rsplit_once("&X-Amz-Security-Token=")
            .ok_or("the token was not added after signing")?;
        unsigned
    } else {
        unsigned
    };
    Ok((unsigned.parse().map_err(text)?, signature.to_owned()))
}

/// Order does not matter in a query that is signed by its canonical form.
fn sorted(url: &str) -> String {
    let (_, query) = url.split_once('?').unwrap_or((url, ""));
    let pairs = query.split('&').map(|pair| match pair.contains('=') {
        true => pair.to_owned(),
        false => format!("{pair}="), // the same parameter
    });
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_unstable();
    pairs.join("&")
}

fn steps(expected: &Expected, canonical: &str, string_to_sign: &str) -> Judged {
    if let Some(recorded) = &expected.canonical_request {
        same("canonical request", canonical, recorded)?;
    }
    if let Some(recorded) = &expected.string_to_sign {
        same("string to sign", string_to_sign, recorded)?;
    }
    Ok(())
}

/// An ECDSA signature is another every time; it has to hold under the key that the record has.
fn verify(context: &Context, expected: &Expected, string_to_sign: &str, signature: &str) -> Judged {
    let (Some(x), Some(y)) = (&expected.public_x, &expected.public_y) else {
        return Err("records no public key".into());
    };
    let ours = context.credentials()?.v4a_public_key().map_err(text)?;
    let mut point = vec![4];
    point.extend(hex(x)?);
    point.extend(hex(y)?);
    if ours != point {
        return Err("another public key is derived than the recorded one".into());
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point)
        .verify(string_to_sign.as_bytes(), &hex(signature)?)
        .map_err(|_| "the signature does not hold under the recorded public key".into())
}

fn take(headers: &mut HeaderMap, name: &str) -> Result<String, Why> {
    let value = headers
        .remove(name)
        .ok_or_else(|| format!("was sent without `{name}`"))?;
    Ok(value.to_str().map_err(text)?.to_owned())
}

/// Recorders decoded header bytes as latin-1 or UTF-8; the canonical request is compared as they wrote it.
fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}
