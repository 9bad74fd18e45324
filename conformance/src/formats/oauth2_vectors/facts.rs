//! Facts that need no exchange: challenges, metadata, URLs, signatures.

use crate::{
    case::{Judged, Why},
    formats::jws::{Token, algorithm, assertion, same, signs_alike, verify},
    record::{Read as _, check, text},
    server::{answering, asked, field, form, json},
};
use serde_json::{Map, Value};
use std::time::UNIX_EPOCH;
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_jose::{Jwk, Verifier};
use tower_auth_oauth2::{
    Algorithm, Assertion, Challenge, ClientAuth, OAuth2, ServerMetadata, SigningKey, TokenError,
    TokenErrorKind, well_known_urls,
};

/// Any, as long as HS256 wants it.
const SECRET: &str = "a secret of thirty-two bytes here";

/// `rfc6750_www_authenticate`
pub(super) fn challenge(entry: &Value) -> Judged {
    let ours = Challenge::parse(entry.text("header")?);
    let ours: Vec<Value> = ours
        .iter()
        .map(|challenge| {
            let mut shown = Map::from_iter([("scheme".to_owned(), challenge.scheme().into())]);
            let parameters = challenge
                .parameters()
                .map(|(name, value)| (name.to_owned(), value.into()));
            match challenge.token68() {
                Some(token) => drop(shown.insert("token68".to_owned(), token.into())),
                None => drop(shown.insert(
                    "params".to_owned(),
                    parameters.collect::<Map<_, _>>().into(),
                )),
            }
            shown.into()
        })
        .collect();
    let recorded = entry.get("parsed").ok_or("has no `parsed`")?;
    check(Value::from(ours.clone()) == *recorded, || {
        format!("ours {ours:?}, recorded {recorded}")
    })
}

/// `loopback_and_https_rules`: one URL of one of the lists.
pub(super) fn url(list: &str, url: &Value) -> Judged {
    let url = url.as_str().ok_or("is no text")?;
    let takes = |opted_in: bool| {
        let (http, _) = answering(|_| json(200, &Value::Null));
        let builder = OAuth2::client_credentials_as(url, ClientAuth::anonymous()).http_client(http);
        let builder = if opted_in {
            builder.allow_localhost()
        } else {
            builder
        };
        builder.build().is_ok()
    };
    let expected = match list {
        "allow_plain_http" => (true, true),
        "allow_only_if_opted_in" => (false, true),
        "refuse" => (false, false),
        _ => return Err("nothing judges this list".into()),
    };
    let ours = (takes(false), takes(true));
    check(ours == expected, || {
        format!("taken, also when opted in: {ours:?}")
    })
}

/// `rfc8414_metadata`
pub(super) fn metadata(name: &str, index: &str, entry: &Value) -> Judged {
    match name {
        "example" => {
            let issuer = entry.text("issuer")?;
            let ours = ServerMetadata::parse(issuer, entry.to_string()).map_err(text)?;
            let agrees = Some(ours.fields()) == entry.as_object()
                && ours.token_endpoint() == entry.maybe("token_endpoint")
                && ours.authorization_endpoint() == entry.maybe("authorization_endpoint");
            check(agrees, || format!("{ours:?}"))
        }
        "defaults_when_absent" => {
            let ours =
                ServerMetadata::parse("https://a", r#"{"issuer":"https://a"}"#).map_err(text)?;
            let value: Value = match index {
                "token_endpoint_auth_methods_supported" => {
                    ours.token_endpoint_auth_methods().into()
                }
                "grant_types_supported" => ours.grant_types().into(),
                "response_modes_supported" => ours.response_modes().into(),
                "revocation_endpoint_auth_methods_supported" => {
                    ours.revocation_endpoint_auth_methods().into()
                }
                "authorization_response_iss_parameter_supported" => {
                    ours.names_issuer_in_answers().into()
                }
                "require_pushed_authorization_requests" => ours.requires_pushed_requests().into(),
                _ => return Err("nothing judges this default".into()),
            };
            check(value == *entry, || {
                format!("ours {value}, recorded {entry}")
            })
        }
        "well_known_urls" => {
            let ours = well_known_urls(entry.text("issuer")?).map_err(text)?;
            let at = |index: usize| ours.get(index).map(String::as_str);
            let places = [("oauth", 0), ("oidc", 1), ("oidc_rfc8414_style", 2)];
            let recorded = |name: &str| entry.maybe(name);
            if places.iter().all(|(name, _)| recorded(name).is_none()) {
                return Err("records no URL".into());
            }
            let wrong = places
                .iter()
                .find(|(name, index)| recorded(name).is_some_and(|url| at(*index) != Some(url)));
            wrong.map_or(Ok(()), |(name, _)| {
                Err(format!("{name} is not in {ours:?}").into())
            })
        }
        "reject" => {
            let document =
                serde_json::json!({"issuer": entry.text("issuer_in_document")?}).to_string();
            match ServerMetadata::parse(entry.text("fetched_for")?, &document) {
                Ok(_) => Err("is taken".into()),
                Err(error) => match TokenError::of(&error).map(TokenError::kind) {
                    Some(TokenErrorKind::IssuerMismatch) => Ok(()),
                    _ => Err(text(error)),
                },
            }
        }
        _ => Err("nothing judges this".into()),
    }
}

fn key_of(entry: &Value, alg: &str) -> Result<(SigningKey, Value), Why> {
    let jwk = entry
        .get("jwk_private")
        .or_else(|| entry.get("jwk"))
        .filter(|jwk| jwk.is_object());
    let jwk = jwk.ok_or("has no key")?;
    let key = SigningKey::from_jwk(algorithm(alg)?, jwk.to_string()).map_err(text)?;
    Ok((key, jwk.clone()))
}

/// `rfc7515_jws` and `rfc8037_eddsa`: one example.
pub(super) fn jws(entry: &Value) -> Judged {
    let compact = entry.text("compact")?;
    if compact.ends_with('.') {
        return super::keys::refused(compact, []);
    }
    let (input, signature) = compact.rsplit_once('.').ok_or("is not compact")?;
    if input != entry.text("signing_input")? || signature != entry.text("signature")? {
        return Err("the record does not agree with itself".into());
    }
    // The payload need not be JSON.
    let header = input.split('.').next().unwrap_or_default();
    let header = Token::read(&format!("{header}.e30."))?.header;
    let (key, jwk) = key_of(entry, header.text("alg")?)?;
    let ours = Jwk::parse(&jwk.to_string()).map_err(text)?;
    Verifier::new([key.algorithm()])
        .keys([ours.clone()])
        .verify(compact)
        .map_err(text)?;
    // The same signature under other words.
    super::keys::refused(
        &format!("{}.{signature}", input.replacen('.', ".e", 1)),
        [ours],
    )?;
    signs_alike(&key, &jwk, input, signature)
}

/// `rfc7523_client_assertion`
pub(super) async fn client_assertion(file: &Value, part: &Value, name: &str) -> Judged {
    let claims = part.get("claims").ok_or("has no claims")?;
    let id = claims.text("iss")?;
    let entry = part.get(name).ok_or("is not there")?;
    let send = async |auth: ClientAuth, now| {
        let clock = Clock::new(ManualClock::at(UNIX_EPOCH + now));
        let builder = OAuth2::client_credentials_as("https://as.example/token", auth);
        Ok::<_, Why>(form(asked(builder.clock(clock)).await?.body()))
    };
    match name {
        "claims" | "client_assertion_type" => {
            let key = SigningKey::from_secret(Algorithm::Hs256, SECRET).map_err(text)?;
            let header = serde_json::json!({"alg": "HS256", "typ": "JWT"});
            let (assertion, now) = assertion(key, &header, claims)?;
            let auth = ClientAuth::assertion(id, assertion)?;
            let sent = send(auth, now).await?;
            if field(&sent, "client_assertion_type") != Some(part.text("client_assertion_type")?) {
                return Err(format!("{sent:?}").into());
            }
            same(
                &Token::read(field(&sent, "client_assertion").unwrap_or_default())?,
                &header,
                claims,
            )
        }
        "private_key_jwt_RS256" | "client_secret_jwt_HS256" | "private_key_jwt_EdDSA" => {
            let header = entry.get("header").ok_or("has no header")?;
            let alg = header.text("alg")?;
            let (key, jwk) = match (entry.maybe("secret_utf8"), entry.maybe("jwk")) {
                (Some(secret), _) => {
                    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
                    let key = SigningKey::from_secret(algorithm(alg)?, secret).map_err(text)?;
                    (
                        key,
                        serde_json::json!({"kty": "oct", "k": BASE64_URL_SAFE_NO_PAD.encode(secret)}),
                    )
                }
                (_, Some("rfc7515 A.2")) => key_of(&file["rfc7515_jws"]["A.2_RS256"], alg)?,
                (_, Some("rfc8037")) => key_of(&file["rfc8037_eddsa"], alg)?,
                _ => return Err("nothing knows its key".into()),
            };
            let recorded = Token::read(entry.text("compact")?)?;
            same(&recorded, header, claims)?;
            signs_alike(&key, &jwk, &recorded.input, &recorded.signature)?;
            let (assertion, now) = assertion(key, header, claims)?;
            let auth = ClientAuth::assertion(id, assertion)?;
            let sent = send(auth, now).await?;
            let ours = Token::read(field(&sent, "client_assertion").ok_or("sends no assertion")?)?;
            same(&ours, header, claims)?;
            verify(alg, &jwk, &ours.input, &ours.signature)
        }
        "grant_request_rfc7523_4" | "saml_rfc7522" => {
            let (http, log) = answering(|_| json(200, &serde_json::json!({"access_token": "a"})));
            let url = "https://as.example/token";
            let xml = "<Assertion>\u{e9}?>></Assertion>";
            let token = match name {
                "saml_rfc7522" => {
                    OAuth2::saml_bearer(url, xml)
                        .http_client(http)
                        .build()?
                        .token()
                        .await
                }
                _ => {
                    let key = SigningKey::from_secret(Algorithm::Hs256, SECRET).map_err(text)?;
                    let builder =
                        OAuth2::jwt_bearer(url, Assertion::new(key).issuer(id)).scope("s");
                    builder.http_client(http).build()?.token().await
                }
            };
            token?;
            let sent = log.take();
            let sent = sent
                .first()
                .map(|sent| form(sent.body()))
                .unwrap_or_default();
            if field(&sent, "grant_type") != Some(entry.text("grant_type")?) {
                return Err(format!("{sent:?}").into());
            }
            let assertion = field(&sent, "assertion").ok_or("sends no assertion")?;
            if name == "saml_rfc7522" {
                use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
                return match BASE64_URL_SAFE_NO_PAD.decode(assertion) {
                    Ok(decoded) if decoded == xml.as_bytes() => Ok(()),
                    other => Err(format!("{other:?}").into()),
                };
            }
            let wanted = entry.list("params")?;
            let wanted = wanted
                .iter()
                .filter_map(Value::as_str)
                .map(|name| name.trim_end_matches('?'));
            let missing: Vec<_> = wanted.filter(|name| field(&sent, name).is_none()).collect();
            check(missing.is_empty(), || format!("sends no {missing:?}"))
        }
        _ => Err("nothing judges this".into()),
    }
}
