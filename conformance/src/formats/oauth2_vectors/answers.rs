//! Answers of authorization servers: `rfc6749_token_response`, `rfc7662_introspection`, `rfc7009_revocation`,
//! `rfc8693_token_exchange`, and the requests of `rfc6749_examples`.

use crate::server::{Pairs, answering, asked, field, form, header, json};
use crate::{
    case::{Judged, Why},
    record::{Read as _, check, text},
};
use bytes::Bytes;
use http::Response;
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tower_auth_core::AuthError;
use tower_auth_oauth2::{
    ClientAuth, Grant, Introspection, OAuth2, OAuth2Builder, Revocation, TokenError,
    TokenErrorKind, TokenHint, TokenResponse,
};

const URL: &str = "https://as.example/token";

fn cause(error: &AuthError) -> Result<&TokenError, Why> {
    TokenError::of(error).ok_or_else(|| format!("an error without a cause: {error}").into())
}

/// The only form that was sent, and how the client authenticated.
async fn sent<G: Grant>(builder: OAuth2Builder<G>) -> Result<(Pairs, Option<String>), Why> {
    let request = asked(builder).await?;
    Ok((form(request.body()), header(&request, "authorization")))
}

fn same(ours: &[(String, String)], recorded: &[(String, String)]) -> Judged {
    check(ours == recorded && !ours.is_empty(), || {
        format!("ours {ours:?}, recorded {recorded:?}")
    })
}

/// `rfc6749_examples`
pub(super) async fn example(name: &str, body: &Value) -> Judged {
    let recorded = form(body.as_str().ok_or("is no text")?.as_bytes());
    let value = |name| field(&recorded, name).ok_or_else(|| format!("has no {name}"));
    let nobody = ClientAuth::anonymous();
    let (ours, _) = match name {
        "client_credentials_body" => sent(OAuth2::client_credentials_as(URL, nobody)).await?,
        "password_body" => {
            sent(OAuth2::password(
                URL,
                value("username")?,
                value("password")?,
            ))
            .await?
        }
        "refresh_body" => {
            let builder = OAuth2::refresh_token(URL, "id", value("refresh_token")?);
            sent(builder.client_auth(nobody)).await?
        }
        "refresh_post_body" => {
            let auth = ClientAuth::post(value("client_id")?, value("client_secret")?)?;
            let builder = OAuth2::refresh_token(URL, "id", value("refresh_token")?);
            sent(builder.client_auth(auth)).await?
        }
        _ => return Err("nothing judges this example".into()),
    };
    same(&ours, &recorded)
}

/// What becomes of an answer: the token, and how often the server was asked.
async fn answered(
    answer: Response<Bytes>,
) -> Result<(Result<TokenResponse, AuthError>, usize), Why> {
    let (http, log) = answering(move |_| answer.clone());
    let seen = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&seen);
    let auth = OAuth2::client_credentials_as(URL, ClientAuth::anonymous())
        .http_client(http)
        .on_token(move |token| *keep.lock().expect("held for moments") = Some(token.clone()))
        .build()?;
    let result = auth.token().await;
    let token = seen.lock().expect("held for moments").take();
    let result = match (result, token) {
        (Ok(_), Some(token)) => Ok(token),
        (Ok(_), None) => return Err("a token that nobody was told of".into()),
        (Err(error), _) => Err(error),
    };
    Ok((result, log.take().len()))
}

fn response(entry: &Value) -> Result<Response<Bytes>, Why> {
    let status = entry.get("status").map_or(Some(200), |s| {
        s.as_u64().and_then(|s| u16::try_from(s).ok())
    });
    let kind = entry.maybe("content_type").unwrap_or("application/json");
    let body = match entry.get("body") {
        Some(Value::String(body)) => body.clone(),
        Some(body) => body.to_string(),
        None => return Err("has no body".into()),
    };
    Response::builder()
        .status(status.ok_or("has an odd status")?)
        .header("content-type", kind)
        .body(body.into())
        .map_err(text)
}

/// `rfc6749_token_response`: one quirk.
pub(super) async fn quirk(entry: &Value) -> Judged {
    let recorded = response(entry)?;
    let (status, body) = (recorded.status(), recorded.body().clone());
    let (result, requests) = answered(recorded).await?;
    if requests != 1 {
        return Err(format!("asks {requests} times").into());
    }
    let expect = entry.get("expect").ok_or("expects nothing")?;
    if let Value::Object(expected) = expect {
        let token = result?;
        for (name, value) in expected {
            let lifetime = token.expires_in().map(|lifetime| lifetime.as_secs());
            let good = match (&**name, value) {
                ("expires_in", Value::Null) => lifetime.is_none(),
                ("expires_in", value) => lifetime == value.as_u64() && lifetime.is_some(),
                ("access_token", Value::String(value)) => token.access_token().expose() == value,
                ("scope", Value::String(value)) => token.scope() == Some(value),
                ("refresh_token", Value::String(value)) => token
                    .refresh_token()
                    .is_some_and(|token| token.expose() == value),
                ("token_type", Value::String(value)) => {
                    let value = value.split(' ').next().unwrap_or_default();
                    token.token_type().eq_ignore_ascii_case(value)
                }
                _ => return Err(format!("nothing judges `{name}`").into()),
            };
            if !good {
                return Err(format!("`{name}` of {token:?}, recorded {value}").into());
            }
        }
        return Ok(());
    }
    let expect = expect.as_str().ok_or("expects something odd")?;
    let words = |word: &str| expect.starts_with(word);
    match result {
        Ok(token) => {
            let lifetime = token.expires_in().ok_or("has no lifetime")?;
            match () {
                () if words("already expired") && lifetime.is_zero() => Ok(()),
                () if words("clamp") && lifetime > Duration::from_secs(86_400) => Ok(()),
                () => Err(format!("takes {token:?}, expected {expect:?}").into()),
            }
        }
        Err(error) => {
            let code = serde_json::from_slice::<Value>(&body).ok();
            let code = code
                .as_ref()
                .and_then(|body| body.get("error"))
                .and_then(Value::as_str);
            let cause = cause(&error)?;
            match (cause.kind(), cause.response()) {
                (_, Some(response))
                    if words("error") || words("transient") || words("unknown code") =>
                {
                    if response.status() != status || response.error() != code {
                        return Err(format!("another error: {error:?}").into());
                    }
                    check(words("transient") == cause.is_transient(), || {
                        format!("is not {expect:?}: {error:?}")
                    })
                }
                (TokenErrorKind::TokenType, _) if words("refuse: unsupported token_type") => Ok(()),
                (TokenErrorKind::Malformed, _) if words("refuse: not a") => Ok(()),
                _ => Err(format!("{cause}, expected {expect:?}").into()),
            }
        }
    }
}

/// `rfc6749_token_response`: the examples of the RFC. Its token type `example` is one that we must not use (section 7.1).
pub(super) async fn standard(name: &str, entry: &Value) -> Judged {
    match name {
        "success" => {
            let kind = entry.text("token_type")?;
            let (result, _) = answered(json(200, entry)).await?;
            match result {
                Err(error) if !kind.eq_ignore_ascii_case("bearer") => {
                    if cause(&error)?.token_type() != Some(kind) {
                        return Err(text(error));
                    }
                }
                Err(error) => return Err(text(error)),
                Ok(_) if !kind.eq_ignore_ascii_case("bearer") => {
                    return Err(format!("uses a token of type {kind}").into());
                }
                Ok(_) => {}
            }
            let mut bearer = entry.clone();
            bearer["token_type"] = "Bearer".into();
            let token = answered(json(200, &bearer)).await?.0?;
            let lifetime = token.expires_in().map(|lifetime| lifetime.as_secs());
            let refresh = token.refresh_token().map(|token| token.expose().to_owned());
            let agrees = token.access_token().expose() == entry.text("access_token")?
                && lifetime == entry.get("expires_in").and_then(Value::as_u64)
                && refresh.as_deref() == entry.maybe("refresh_token")
                && token
                    .fields()
                    .iter()
                    .all(|(name, value)| entry.get(name) == Some(value));
            check(agrees, || format!("{token:?}"))
        }
        "error" => {
            let (result, _) = answered(response(entry)?).await?;
            let error = result.err().ok_or("takes it")?;
            let recorded = entry.get("body").ok_or("has no body")?;
            let Some(error) = cause(&error)?.response() else {
                return Err(text(error));
            };
            let status = entry.get("status").and_then(Value::as_u64);
            let agrees = error.error() == recorded.maybe("error")
                && Some(u64::from(error.status().as_u16())) == status;
            check(agrees, || format!("{error:?}"))
        }
        _ => Err("nothing judges this".into()),
    }
}

/// `rfc7662_introspection`
pub(super) async fn introspection(entry: &Value) -> Judged {
    let answer = entry.clone();
    let (http, log) = answering(move |_| json(200, &answer));
    let asked = Introspection::new(URL, ClientAuth::anonymous())?.http_client(http);
    let state = asked.introspect("2YotnFZFEjr1zCsicMWpAA", None).await?;
    let sent = log
        .take()
        .first()
        .map(|sent| form(sent.body()))
        .unwrap_or_default();
    same(
        &sent,
        &[("token".to_owned(), "2YotnFZFEjr1zCsicMWpAA".to_owned())],
    )?;
    let text = |name: &str| entry.maybe(name);
    let agrees = Some(state.is_active()) == entry.get("active").and_then(Value::as_bool)
        && Some(state.fields()) == entry.as_object()
        && state.scope() == text("scope")
        && state.client_id() == text("client_id")
        && state.username() == text("username")
        && state.subject() == text("sub")
        && state.issuer() == text("iss");
    check(agrees, || format!("{state:?}"))
}

/// `rfc7009_revocation`
pub(super) async fn revocation(name: &str, entry: &Value) -> Judged {
    let (status, recorded) = match (name, entry) {
        ("body", Value::String(body)) => (200, form(body.as_bytes())),
        ("unknown_token_status", status) => {
            let status = status
                .as_u64()
                .and_then(|s| u16::try_from(s).ok())
                .ok_or("is no status")?;
            (status, vec![("token".to_owned(), "t".to_owned())])
        }
        ("503", Value::String(_)) => (503, vec![("token".to_owned(), "t".to_owned())]),
        _ => return Err("nothing judges this".into()),
    };
    let (http, log) = answering(move |_| {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        response
            .headers_mut()
            .insert("retry-after", http::HeaderValue::from_static("7"));
        response
    });
    let hint = match field(&recorded, "token_type_hint") {
        None => None,
        Some("refresh_token") => Some(TokenHint::RefreshToken),
        Some("access_token") => Some(TokenHint::AccessToken),
        Some(hint) => return Err(format!("nothing judges the hint {hint}").into()),
    };
    let revocation = Revocation::new(URL, ClientAuth::anonymous())?.http_client(http);
    let result = revocation
        .revoke(field(&recorded, "token").ok_or("has no token")?, hint)
        .await;
    let sent = log
        .take()
        .first()
        .map(|sent| form(sent.body()))
        .unwrap_or_default();
    same(&sent, &recorded)?;
    match (status, result) {
        (503, Err(error)) if cause(&error)?.is_transient() => match cause(&error)?.retry_after() {
            Some(wait) if wait == Duration::from_secs(7) => Ok(()),
            other => Err(format!("waits {other:?}").into()),
        },
        (200, Ok(())) => Ok(()),
        (status, result) => Err(format!("{status} gives {result:?}").into()),
    }
}

/// `rfc8693_token_exchange`, all of it together.
pub(super) async fn exchange(part: &Value, name: &str) -> Judged {
    let recorded = form(part.text("body")?.as_bytes());
    let auth = ClientAuth::basic(part.text("client_id")?, part.text("client_secret")?)?;
    let value = |name| field(&recorded, name).ok_or_else(|| format!("has no {name}"));
    let mut builder = OAuth2::token_exchange(URL, auth, value("subject_token")?)
        .subject_token_type(value("subject_token_type")?);
    for (name, value) in &recorded {
        builder = match &**name {
            "grant_type" | "subject_token" | "subject_token_type" => builder,
            "resource" => builder.resource(value),
            "audience" => builder.audience(value),
            "scope" => builder.scope(value),
            "requested_token_type" => builder.requested_token_type(value),
            _ => return Err(format!("nothing judges `{name}`").into()),
        };
    }
    if name == "token_type_N_A" {
        let (http, _) = answering(|_| {
            json(
                200,
                &serde_json::json!({"access_token": "a", "token_type": "N_A"}),
            )
        });
        let error = builder.http_client(http).build()?.token().await;
        let error = error.err().ok_or("sends it")?;
        return match cause(&error)?.kind() {
            TokenErrorKind::TokenType => Ok(()),
            _ => Err(text(error)),
        };
    }
    let (ours, basic) = sent(builder).await?;
    match name {
        "authorization" if basic.as_deref() == Some(part.text("authorization")?) => Ok(()),
        "authorization" => Err(format!("ours {basic:?}").into()),
        "body" | "client_id" | "client_secret" => same(&ours, &recorded),
        "params" => {
            let params = part.object("params")?;
            let mut ours = ours;
            ours.sort();
            let params = params
                .iter()
                .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()));
            let mut params = params.collect::<Vec<_>>();
            params.sort();
            same(&ours, &params)
        }
        "issued_token_type" => {
            let kind = part.text("issued_token_type")?;
            let answer = serde_json::json!({"access_token": "a", "token_type": "Bearer", "issued_token_type": kind});
            let token = answered(json(200, &answer)).await?.0?;
            check(token.issued_token_type() == Some(kind), || {
                format!("{token:?}")
            })
        }
        _ => Err("nothing judges this".into()),
    }
}
