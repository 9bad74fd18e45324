//! `jwt_assertion_vectors.json`: assertions that Authlib, joserfc, PyJWT and google-auth signed.

use super::{
    Format,
    httpx_auth_grants::server::{answering, field, form, json},
    jws::{Token, algorithm, assertion, claims_alike, same, signs_alike, verify},
};
use crate::case::{Case, Verdict};
use serde_json::{Map, Value};
use std::time::{Duration, UNIX_EPOCH};
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_jose::{Algorithm, Jwk, Validation, Verifier, VerifyErrorKind as Kind};
use tower_auth_oauth2::{ClientAuth, OAuth2, SigningKey};

pub(crate) struct JwtAssertionVectors;

const NAME: &str = "jwt_assertion_vectors";

impl Format for JwtAssertionVectors {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        file.contains_key("assertions") && file.contains_key("keys")
    }

    fn cases(&self, file: &Map<String, Value>) -> Vec<Case> {
        let mut cases = Vec::new();
        for (part, content) in file {
            let named = |content: &Value, name: &str| -> Vec<(String, Value)> {
                let list = content.as_array().cloned().unwrap_or_default();
                let named = list.into_iter().enumerate().map(|(index, entry)| {
                    let name = entry.get(name).and_then(Value::as_str);
                    (name.map_or_else(|| index.to_string(), str::to_owned), entry)
                });
                named.collect()
            };
            let entries = match &**part {
                "meta" | "keys" => continue,
                "assertions" => named(content, "id"),
                "negative" => named(content, "id"),
                "token_requests" => named(content, "label"),
                "client_assertions" => named(content, "none"),
                "google_auth_variants" => content
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, entry)| (name.clone(), entry.clone()))
                    .collect(),
                _ => vec![("content".to_owned(), content.clone())],
            };
            for (name, entry) in entries {
                let (file, part, id) =
                    (file.clone(), part.clone(), format!("{NAME}/{part}/{name}"));
                cases.push(Case::new(id, async move {
                    Verdict::from(judge(&file, &part, &entry).await)
                }));
            }
        }
        cases
    }
}

async fn judge(file: &Map<String, Value>, part: &str, entry: &Value) -> Result<(), String> {
    match part {
        "assertions" => assertions(file, entry),
        "google_auth_variants" => variant(file, entry),
        "client_assertions" => client_assertion(file, entry).await,
        "token_requests" => token_request(file, entry).await,
        "google_service_account" => service_account(file, entry).await,
        "negative" => negative(file, entry),
        _ => Err("nothing judges this part".to_owned()),
    }
}

fn text<'a>(entry: &'a Value, name: &str) -> Result<&'a str, String> {
    entry
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("has no `{name}`"))
}

fn parsed(entry: &Value, name: &str) -> Result<Value, String> {
    serde_json::from_str(text(entry, name)?).map_err(|error| error.to_string())
}

/// The key of this name, in every form in which it is recorded, and as a JSON Web Key.
fn keys(
    file: &Map<String, Value>,
    name: &str,
    alg: &str,
) -> Result<(Vec<SigningKey>, Value), String> {
    let key = file
        .get("keys")
        .and_then(|keys| keys.get(name))
        .and_then(Value::as_object);
    let key = key.ok_or_else(|| format!("has no key `{name}`"))?;
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
            (form, _) => return Err(format!("nothing reads a key in the form `{form}`")),
        };
        forms.push(made.map_err(|error| format!("{form}: {error}"))?);
    }
    Ok((
        forms,
        key.get("jwk").cloned().ok_or("the key has no `jwk`")?,
    ))
}

fn assertions(file: &Map<String, Value>, entry: &Value) -> Result<(), String> {
    let (forms, jwk) = keys(file, text(entry, "key")?, text(entry, "alg")?)?;
    let tokens = entry
        .get("tokens")
        .and_then(Value::as_array)
        .filter(|tokens| !tokens.is_empty());
    for token in tokens.ok_or("has no tokens")? {
        let library = text(token, "library")?;
        let one = || -> Result<(), String> {
            let recorded = Token::read(text(token, "jwt")?)?;
            let signature = text(token, "signature_b64url")?;
            if recorded.input != text(token, "signing_input")? || recorded.signature != signature {
                return Err("the record does not agree with itself".to_owned());
            }
            same(
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
        one().map_err(|why| format!("{library}: {why}"))?;
    }
    Ok(())
}

fn variant(file: &Map<String, Value>, entry: &Value) -> Result<(), String> {
    let recorded = Token::read(text(entry, "jwt")?)?;
    same(
        &recorded,
        &parsed(entry, "header_json")?,
        &parsed(entry, "payload_json")?,
    )?;
    let alg = recorded
        .header
        .get("alg")
        .and_then(Value::as_str)
        .ok_or("has no `alg`")?;
    let (forms, jwk) = keys(file, "rsa2048", alg)?;
    for key in forms {
        signs_alike(&key, &jwk, &recorded.input, &recorded.signature)?;
        claims_alike(key, &jwk, &recorded.header, &recorded.claims)?;
    }
    Ok(())
}

/// A token that has to be refused, for the reason that is recorded: as one that is expected by the server whose good
/// tokens are recorded beside it, signed with any algorithm of any key.
fn negative(file: &Map<String, Value>, entry: &Value) -> Result<(), String> {
    let token = text(entry, "jwt")?;
    let rsa = file["keys"]["rsa2048"]["public_pem"].as_str();
    let rsa =
        Jwk::public_from_pem(rsa.ok_or("has no RSA key")?).map_err(|error| error.to_string())?;
    let secret = keys(file, "oct", "HS256")?.1.to_string();
    let secret = Jwk::parse(&secret).map_err(|error| error.to_string())?;
    let verifier = Verifier::new([Algorithm::Rs256, Algorithm::Hs256]).keys([rsa, secret]);
    let now = file["meta"]["now"].as_u64().ok_or("has no time")?;
    // Whom the server is, its other tokens say.
    let others = file["negative"].as_array().into_iter().flatten();
    let audience = others
        .filter(|other| text(other, "why").is_ok_and(|why| !why.contains("aud")))
        .find_map(|other| {
            Some(
                Token::read(text(other, "jwt").ok()?).ok()?.claims["aud"]
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
        return Err("is taken".to_owned());
    };
    let why = text(entry, "why")?;
    let wanted: &[Kind] = match why {
        _ if why.contains("signature") || why.contains("payload") => &[Kind::Signature],
        _ if why.contains("none") => &[Kind::Algorithm],
        _ if why.contains("HMAC") => &[Kind::Signature, Kind::UnknownKey],
        _ if why.contains("exp") => &[Kind::Expired],
        _ if why.contains("aud") => &[Kind::Audience],
        // Any other reason is one that we cannot name; that it is refused is known.
        _ => return Ok(()),
    };
    if wanted.contains(&error.kind()) {
        Ok(())
    } else {
        Err(format!("is refused for another reason: {error}"))
    }
}

fn at(now: Duration) -> Clock {
    Clock::new(ManualClock::at(UNIX_EPOCH + now))
}

async fn client_assertion(file: &Map<String, Value>, entry: &Value) -> Result<(), String> {
    let (forms, jwk) = keys(file, text(entry, "key")?, text(entry, "alg")?)?;
    let recorded = Token::read(text(entry, "jwt")?)?;
    verify(
        text(entry, "alg")?,
        &jwk,
        &recorded.input,
        &recorded.signature,
    )?;
    same(
        &recorded,
        &parsed(entry, "header_json")?,
        &parsed(entry, "payload_json")?,
    )?;
    let id = recorded
        .claims
        .get("iss")
        .and_then(Value::as_str)
        .ok_or("has no `iss`")?;
    let (claims, now) = assertion(forms[0].clone(), &recorded.header, &recorded.claims)?;
    let auth = ClientAuth::assertion(id, claims).map_err(|error| error.to_string())?;
    let sent = sent(
        OAuth2::client_credentials_as("https://as.example/token", auth),
        now,
    )
    .await?;
    if field(&sent, "client_assertion_type") != Some(text(entry, "client_assertion_type")?) {
        return Err(format!("another client_assertion_type: {sent:?}"));
    }
    let ours = Token::read(field(&sent, "client_assertion").ok_or("sends no client_assertion")?)?;
    same(&ours, &recorded.header, &recorded.claims)?;
    verify(text(entry, "alg")?, &jwk, &ours.input, &ours.signature)
}

/// The form that is sent for a token.
async fn sent<G: tower_auth_oauth2::Grant>(
    builder: tower_auth_oauth2::OAuth2Builder<G>,
    now: Duration,
) -> Result<Vec<(String, String)>, String> {
    let (http, log) = answering(|_| json(200, &serde_json::json!({"access_token": "a"})));
    let auth = builder
        .http_client(http)
        .clock(at(now))
        .build()
        .map_err(|error| error.to_string())?;
    auth.token().await.map_err(|error| error.to_string())?;
    match &log.take()[..] {
        [sent] => Ok(form(sent.body())),
        other => Err(format!("{} requests instead of one", other.len())),
    }
}

async fn service_account(file: &Map<String, Value>, entry: &Value) -> Result<(), String> {
    let builder =
        OAuth2::google_service_account(entry.to_string()).map_err(|error| error.to_string())?;
    let sent = sent(builder.scope("s"), Duration::from_secs(1_700_000_000)).await?;
    let ours = Token::read(field(&sent, "assertion").ok_or("sends no assertion")?)?;
    let (_, jwk) = keys(file, "rsa2048", "RS256")?;
    verify("RS256", &jwk, &ours.input, &ours.signature)?;
    let claim = |name: &str| ours.claims.get(name).and_then(Value::as_str);
    if claim("iss") != Some(text(entry, "client_email")?)
        || claim("aud") != Some(text(entry, "token_uri")?)
    {
        return Err(format!("claims {}", ours.claims));
    }
    Ok(())
}

/// The same request, but for the `jti`, which each of ours has and is new.
async fn token_request(file: &Map<String, Value>, entry: &Value) -> Result<(), String> {
    let mut recorded = form(text(entry, "body")?.as_bytes());
    let given = field(&recorded, "assertion").ok_or("has no assertion")?;
    let given = Token::read(given)?;
    let claim = |name: &str| given.claims.get(name).and_then(Value::as_str);
    let alg = given
        .header
        .get("alg")
        .and_then(Value::as_str)
        .ok_or("has no `alg`")?;
    let (forms, jwk) = keys(file, "rsa2048", alg)?;
    verify(alg, &jwk, &given.input, &given.signature)?;

    let account = file
        .get("google_service_account")
        .ok_or("has no service account")?;
    let of_account = claim("iss") == account.get("client_email").and_then(Value::as_str)
        && given.header.get("kid").is_some()
        && claim("aud") == Some(text(entry, "url")?);
    let now = given
        .claims
        .get("iat")
        .and_then(Value::as_u64)
        .map(Duration::from_secs)
        .ok_or("has no `iat`")?;
    let expires = given
        .claims
        .get("exp")
        .and_then(Value::as_u64)
        .ok_or("has no `exp`")?;
    let builder = if of_account && claim("scope").is_some() && now.as_secs() + 3600 == expires {
        let mut builder = OAuth2::google_service_account(account.to_string())
            .map_err(|error| error.to_string())?
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
        OAuth2::jwt_bearer(text(entry, "url")?, assertion)
    };
    let builder = match field(&recorded, "scope") {
        Some(scope) => builder.scope(scope),
        None => builder,
    };
    let builder = match field(&recorded, "client_id") {
        Some(id) => builder.client_auth(ClientAuth::public(id).map_err(|error| error.to_string())?),
        None => builder,
    };

    let answer = match entry
        .get("api_request_authorization")
        .and_then(Value::as_str)
    {
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
        .map_err(|error| error.to_string())?;
    let token = auth.token().await.map_err(|error| error.to_string())?;
    if token.expose() != expected {
        return Err("another token".to_owned());
    }
    let log = log.take();
    let [request] = &log[..] else {
        return Err("not one request".to_owned());
    };
    if request.uri() != text(entry, "url")? || request.method() != text(entry, "method")? {
        return Err(format!("{} {}", request.method(), request.uri()));
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
            return Err(format!("content type, recorded {value}"));
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
        return Err("has no jti".to_owned());
    }
    if ours_token.header != given.header
        || without_id(&ours_token.claims) != without_id(&given.claims)
    {
        return Err(format!(
            "{} {}, recorded {} {}",
            ours_token.header, ours_token.claims, given.header, given.claims
        ));
    }
    for form in [&mut ours, &mut recorded] {
        form.retain(|(name, _)| name != "assertion");
        form.sort();
    }
    if ours != recorded {
        return Err(format!("form {ours:?}, recorded {recorded:?}"));
    }
    Ok(())
}
