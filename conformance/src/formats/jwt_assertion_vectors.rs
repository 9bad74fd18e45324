//! `jwt_assertion_vectors.json`: assertions that Authlib, joserfc, PyJWT and google-auth signed.

use super::{
    Format,
    jws::{Token, algorithm, assertion, claims_alike, same as same_token, signs_alike, verify},
};
use crate::{
    case::{Case, Judged, Why},
    record::{Read as _, Record, check, entries, text},
    server::{Pairs, answering, asked, field, form, json},
};
use serde_json::{Map, Value};
use std::time::{Duration, UNIX_EPOCH};
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_jose::{Algorithm, Jwk, Validation, Verifier, VerifyErrorKind as Kind};
use tower_auth_oauth2::{ClientAuth, OAuth2, SigningKey};

pub(crate) struct JwtAssertionVectors;

impl Format for JwtAssertionVectors {
    fn name(&self) -> &'static str {
        "jwt_assertion_vectors"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        file.contains_key("assertions") && file.contains_key("keys")
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        let parts = file.value.as_object().into_iter().flatten();
        let parts = parts.filter(|(part, _)| !["meta", "keys"].contains(&&***part));
        let cases = parts.flat_map(|(part, content)| match &**part {
            "google_service_account" => vec![file.with(part, "content", content.clone())],
            _ => entries(file, part, content),
        });
        let judge = async |record: Record| judge(&record.file, &record.part, &record).await;
        cases.map(|record| Case::new(record, judge)).collect()
    }
}

async fn judge(file: &Value, part: &str, entry: &Value) -> Judged {
    match part {
        "assertions" => assertions(file, entry),
        "google_auth_variants" => variant(file, entry),
        "client_assertions" => client_assertion(file, entry).await,
        "token_requests" => token_request(file, entry).await,
        "google_service_account" => service_account(file, entry).await,
        "negative" => negative(file, entry),
        _ => Err("nothing judges this part".into()),
    }
}

fn parsed(entry: &Value, name: &str) -> Result<Value, Why> {
    serde_json::from_str(entry.text(name)?).map_err(text)
}

/// The key of this name, in every form in which it is recorded, and as a JSON Web Key.
fn keys(file: &Value, name: &str, alg: &str) -> Result<(Vec<SigningKey>, Value), Why> {
    let key = file.object(&format!("keys/{name}"))?;
    let alg = algorithm(alg)?;
    let mut forms = Vec::new();
    for (form, value) in key {
        let made = match (&**form, value) {
            ("public_pem", _) => continue,
            ("pkcs8_pem" | "pkcs1_pem" | "sec1_pem", Value::String(pem)) => {
                SigningKey::from_pem(alg, pem)
            }
            ("secret_utf8", Value::String(secret)) => SigningKey::from_secret(alg, secret),
            ("jwk", jwk) => SigningKey::from_jwk(alg, jwk.to_string()),
            (form, _) => return Err(format!("nothing reads a key in the form `{form}`").into()),
        };
        forms.push(made.map_err(|error| format!("{form}: {error}"))?);
    }
    Ok((
        forms,
        key.get("jwk").cloned().ok_or("the key has no `jwk`")?,
    ))
}

fn assertions(file: &Value, entry: &Value) -> Judged {
    let (forms, jwk) = keys(file, entry.text("key")?, entry.text("alg")?)?;
    let tokens = entry.list("tokens")?;
    tokens.first().ok_or("has no tokens")?;
    for token in tokens {
        let library = token.text("library")?;
        let one = || -> Judged {
            let recorded = Token::read(token.text("jwt")?)?;
            let signature = token.text("signature_b64url")?;
            if recorded.input != token.text("signing_input")? || recorded.signature != signature {
                return Err("the record does not agree with itself".into());
            }
            same_token(
                &recorded,
                &parsed(token, "header_json")?,
                &parsed(token, "payload_json")?,
            )?;
            for key in &forms {
                signs_alike(key, &jwk, &recorded.input, &recorded.signature)?;
                claims_alike(key.clone(), &jwk, &recorded.header, &recorded.claims)?;
            }
            Ok(())
        };
        one().map_err(|why: Why| format!("{library}: {why}"))?;
    }
    Ok(())
}

fn variant(file: &Value, entry: &Value) -> Judged {
    let recorded = Token::read(entry.text("jwt")?)?;
    same_token(
        &recorded,
        &parsed(entry, "header_json")?,
        &parsed(entry, "payload_json")?,
    )?;
    let alg = recorded.header.text("alg")?;
    let (forms, jwk) = keys(file, "rsa2048", alg)?;
    for key in forms {
        signs_alike(&key, &jwk, &recorded.input, &recorded.signature)?;
        claims_alike(key, &jwk, &recorded.header, &recorded.claims)?;
    }
    Ok(())
}

/// A token that has to be refused, for the reason that is recorded: as one that is expected by the server whose good
/// tokens are recorded beside it, signed with any algorithm of any key.
fn negative(file: &Value, entry: &Value) -> Judged {
    let token = entry.text("jwt")?;
    let rsa = file["keys"]["rsa2048"]["public_pem"].as_str();
    let rsa = Jwk::public_from_pem(rsa.ok_or("has no RSA key")?).map_err(text)?;
    let secret = keys(file, "oct", "HS256")?.1.to_string();
    let secret = Jwk::parse(&secret).map_err(text)?;
    let verifier = Verifier::new([Algorithm::Rs256, Algorithm::Hs256]).keys([rsa, secret]);
    let now = file["meta"]["now"].as_u64().ok_or("has no time")?;
    // Whom the server is, its other tokens say.
    let others = file["negative"].as_array().into_iter().flatten();
    let audience = others
        .filter(|other| other.text("why").is_ok_and(|why| !why.contains("aud")))
        .find_map(|other| {
            Some(
                Token::read(other.text("jwt").ok()?).ok()?.claims["aud"]
                    .as_str()?
                    .to_owned(),
            )
        })
        .ok_or("nothing says the audience")?;
    let validation = Validation::new()
        .audience(audience)
        .clock(at(Duration::from_secs(now)));
    let verified = verifier.verify(token);
    let checked = verified.and_then(|token| validation.check(&token.claims()?));
    let Err(error) = checked else {
        return Err("is taken".into());
    };
    let why = entry.text("why")?;
    let wanted: &[Kind] = match why {
        _ if why.contains("signature") || why.contains("payload") => &[Kind::Signature],
        _ if why.contains("none") => &[Kind::Algorithm],
        _ if why.contains("HMAC") => &[Kind::Signature, Kind::UnknownKey],
        _ if why.contains("exp") => &[Kind::Expired],
        _ if why.contains("aud") => &[Kind::Audience],
        // Any other reason is one that we cannot name; that it is refused is known.
        _ => return Ok(()),
    };
    check(wanted.contains(&error.kind()), || {
        format!("is refused for another reason: {error}")
    })
}

fn at(now: Duration) -> Clock {
    Clock::new(ManualClock::at(UNIX_EPOCH + now))
}

async fn client_assertion(file: &Value, entry: &Value) -> Judged {
    let (forms, jwk) = keys(file, entry.text("key")?, entry.text("alg")?)?;
    let recorded = Token::read(entry.text("jwt")?)?;
    verify(
        entry.text("alg")?,
        &jwk,
        &recorded.input,
        &recorded.signature,
    )?;
    same_token(
        &recorded,
        &parsed(entry, "header_json")?,
        &parsed(entry, "payload_json")?,
    )?;
    let id = recorded.claims.text("iss")?;
    let (claims, now) = assertion(forms[0].clone(), &recorded.header, &recorded.claims)?;
    let auth = ClientAuth::assertion(id, claims).map_err(text)?;
    let sent = sent(
        OAuth2::client_credentials_as("https://as.example/token", auth),
        now,
    )
    .await?;
    if field(&sent, "client_assertion_type") != Some(entry.text("client_assertion_type")?) {
        return Err(format!("another client_assertion_type: {sent:?}").into());
    }
    let ours = Token::read(field(&sent, "client_assertion").ok_or("sends no client_assertion")?)?;
    same_token(&ours, &recorded.header, &recorded.claims)?;
    verify(entry.text("alg")?, &jwk, &ours.input, &ours.signature)
}

/// The form that is sent for a token.
async fn sent<G: tower_auth_oauth2::Grant>(
    builder: tower_auth_oauth2::OAuth2Builder<G>,
    now: Duration,
) -> Result<Pairs, Why> {
    Ok(form(asked(builder.clock(at(now))).await?.body()))
}

async fn service_account(file: &Value, entry: &Value) -> Judged {
    let builder = OAuth2::google_service_account(entry.to_string()).map_err(text)?;
    let sent = sent(builder.scope("s"), Duration::from_secs(1_700_000_000)).await?;
    let ours = Token::read(field(&sent, "assertion").ok_or("sends no assertion")?)?;
    let (_, jwk) = keys(file, "rsa2048", "RS256")?;
    verify("RS256", &jwk, &ours.input, &ours.signature)?;
    let claim = |name: &str| ours.claims.maybe(name);
    if claim("iss") != Some(entry.text("client_email")?)
        || claim("aud") != Some(entry.text("token_uri")?)
    {
        return Err(format!("claims {}", ours.claims).into());
    }
    Ok(())
}

/// The same request, but for the `jti`, which each of ours has and is new.
async fn token_request(file: &Value, entry: &Value) -> Judged {
    let mut recorded = form(entry.text("body")?.as_bytes());
    let given = field(&recorded, "assertion").ok_or("has no assertion")?;
    let given = Token::read(given)?;
    let claim = |name: &str| given.claims.maybe(name);
    let alg = given.header.text("alg")?;
    let (forms, jwk) = keys(file, "rsa2048", alg)?;
    verify(alg, &jwk, &given.input, &given.signature)?;

    let account = file
        .get("google_service_account")
        .ok_or("has no service account")?;
    let of_account = claim("iss") == account.maybe("client_email")
        && given.header.get("kid").is_some()
        && claim("aud") == Some(entry.text("url")?);
    let now = given
        .claims
        .get("iat")
        .and_then(Value::as_u64)
        .map(Duration::from_secs)
        .ok_or("has no `iat`")?;
    let expires = given.claims.number("exp")?;
    let builder = if of_account && claim("scope").is_some() && now.as_secs() + 3600 == expires {
        let mut builder = OAuth2::google_service_account(account.to_string())
            .map_err(text)?
            .scope(claim("scope").unwrap_or_default());
        if let Some(subject) = claim("sub") {
            builder = builder.subject(subject);
        }
        builder
    } else {
        let mut claims = given.claims.clone();
        claims.as_object_mut().ok_or("has no claims")?.remove("jti");
        let (assertion, _) = assertion(forms[0].clone(), &given.header, &claims)?;
        let assertion = assertion.jwt_id(claim("jti").unwrap_or_default());
        OAuth2::jwt_bearer(entry.text("url")?, assertion)
    };
    let builder = match field(&recorded, "scope") {
        Some(scope) => builder.scope(scope),
        None => builder,
    };
    let builder = match field(&recorded, "client_id") {
        Some(id) => builder.client_auth(ClientAuth::public(id).map_err(text)?),
        None => builder,
    };

    let answer = match entry.maybe("api_request_authorization") {
        Some(value) => value
            .strip_prefix("Bearer ")
            .ok_or("is no bearer token")?
            .to_owned(),
        None => "a".to_owned(),
    };
    let expected = answer.clone();
    let (http, log) = answering(move |_| json(200, &serde_json::json!({"access_token": answer})));
    let auth = builder
        .http_client(http)
        .clock(at(now))
        .build()
        .map_err(text)?;
    let token = auth.token().await.map_err(text)?;
    if token.expose() != expected {
        return Err("another token".into());
    }
    let log = log.take();
    let [request] = &log[..] else {
        return Err("not one request".into());
    };
    if request.uri() != entry.text("url")? || request.method() != entry.text("method")? {
        return Err(format!("{} {}", request.method(), request.uri()).into());
    }
    let content_type = entry
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let content_type = content_type.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    for (_, value) in content_type {
        if request
            .headers()
            .get("content-type")
            .and_then(|ours| ours.to_str().ok())
            != value.as_str()
        {
            return Err(format!("content type, recorded {value}").into());
        }
    }
    let mut ours = form(request.body());
    let ours_token = Token::read(field(&ours, "assertion").ok_or("sends no assertion")?)?;
    verify(alg, &jwk, &ours_token.input, &ours_token.signature)?;
    let without_id = |claims: &Value| {
        let mut claims = claims.clone();
        if let Some(claims) = claims.as_object_mut() {
            claims.remove("jti");
        }
        claims
    };
    if ours_token.claims.get("jti").is_none() {
        return Err("has no jti".into());
    }
    if ours_token.header != given.header
        || without_id(&ours_token.claims) != without_id(&given.claims)
    {
        return Err(format!(
            "{} {}, recorded {} {}",
            ours_token.header, ours_token.claims, given.header, given.claims
        )
        .into());
    }
    for form in [&mut ours, &mut recorded] {
        form.retain(|(name, _)| name != "assertion");
        form.sort();
    }
    if ours != recorded {
        return Err(format!("form {ours:?}, recorded {recorded:?}").into());
    }
    Ok(())
}
