//! `httpx_auth_token_requests`: what token endpoints are sent.

use super::{
    each, has,
    server::{Sent, answering, field, form, json},
    settings::{Finish, Problem, Rendering, Settings, verdict},
};
use crate::{case::Case, formats::Format};
use http::{Method, header::HeaderName};
use serde_json::{Map, Value};
use std::time::{Duration, UNIX_EPOCH};
use tower_auth_core::{AuthError, Clock, clock::ManualClock};
use tower_auth_oauth2::{Grant, OAuth2, OAuth2Builder};

pub(crate) struct TokenRequests;

const NAME: &str = "httpx_auth_token_requests";

impl Format for TokenRequests {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, "token_request")
    }

    fn cases(&self, file: &Map<String, Value>) -> Vec<Case> {
        let fixed = file
            .get("fixed")
            .and_then(|fixed| fixed.get("refresh_token"));
        let refresh = fixed
            .and_then(Value::as_str)
            .unwrap_or("tGzv3JOkF0XG5Qx2TlKWIA")
            .to_owned();
        each(NAME, file, |id, vector| {
            let refresh = refresh.clone();
            Case::new(id, async move {
                let forbidden = Settings::read(&vector)
                    .ok()
                    .and_then(|settings| settings.forbidden());
                verdict(judge(&vector, &refresh).await, forbidden)
            })
        })
    }
}

struct Plain(Clock);

impl Finish for Plain {
    type Output = OAuth2;

    fn finish<G: Grant>(self, builder: OAuth2Builder<G>) -> Result<OAuth2, AuthError> {
        builder.clock(self.0).build()
    }
}

/// A token that is good for no time: the second one has to be fetched by the refresh token, when that is kept.
async fn judge(vector: &Value, refresh: &str) -> Result<(), Problem> {
    let differs = |why: String| Problem::Unknown(why);
    let settings = Settings::read(vector).map_err(differs)?;
    let token_field = vector
        .get("token_field_name")
        .and_then(Value::as_str)
        .unwrap_or("access_token");
    let answer =
        serde_json::json!({token_field: "token", "expires_in": 0, "refresh_token": refresh});
    let (http, log) = answering(move |_| json(200, &answer));
    let hands = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let refreshes = settings.has_refresh();
    let auth = settings.build(http, Rendering::Form, Plain(Clock::new(hands.clone())))?;
    for _ in 0..2 {
        auth.token()
            .await
            .map_err(|error| differs(error.to_string()))?;
        hands.advance(Duration::from_secs(1));
    }
    let sent = log.take();
    let [first, second] = &sent[..] else {
        return Err(differs(format!("{} requests instead of two", sent.len())));
    };
    same(first, vector.get("token_request")).map_err(differs)?;
    match vector.get("refresh_request") {
        None | Some(Value::Null) if refreshes => Err(differs("records no refresh".to_owned())),
        None | Some(Value::Null) => same(second, vector.get("token_request")).map_err(differs),
        recorded => same(second, recorded).map_err(differs),
    }
}

/// The same request; `accept` is the one header that may differ: we ask for JSON, httpx for anything.
fn same(ours: &Sent, recorded: Option<&Value>) -> Result<(), String> {
    let text = |name: &str| recorded.and_then(|r| r.get(name)).and_then(Value::as_str);
    let header = |name: HeaderName| {
        let value = ours.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let compare = |what: &str, ours: Option<String>, recorded: Option<&str>| {
        if ours.as_deref() == recorded {
            Ok(())
        } else {
            Err(format!("{what}: ours {ours:?}, recorded {recorded:?}"))
        }
    };
    if recorded.is_none() {
        return Err("records no request".to_owned());
    }
    compare("method", Some(ours.method().to_string()), text("method"))?;
    if ours.method() != Method::POST {
        return Err("not a POST".to_owned());
    }
    let target = ours.uri().path_and_query().map(ToString::to_string);
    compare("target", target.clone(), text("target"))?;
    let url = text("url")
        .unwrap_or_default()
        .split('#')
        .next()
        .unwrap_or_default();
    let authority = ours
        .uri()
        .authority()
        .map_or("", |authority| authority.as_str());
    let ours_url = format!(
        "{}://{authority}",
        ours.uri().scheme_str().unwrap_or_default()
    );
    if !url.starts_with(&ours_url) {
        return Err(format!("url: ours begins {ours_url:?}, recorded {url:?}"));
    }
    compare(
        "content-type",
        header(http::header::CONTENT_TYPE),
        text("content_type"),
    )?;
    compare(
        "authorization",
        header(http::header::AUTHORIZATION),
        text("authorization"),
    )?;
    match (text("accept"), header(http::header::ACCEPT).as_deref()) {
        (Some("*/*" | "application/json"), Some("application/json")) => {}
        (recorded, ours) => return Err(format!("accept: ours {ours:?}, recorded {recorded:?}")),
    }
    // Decoded: encoders disagree about `~` and `*`.
    let (body, expected) = (
        form(ours.body()),
        form(text("body").unwrap_or_default().as_bytes()),
    );
    if body != expected || field(&expected, "grant_type").is_none() {
        return Err(format!("body: ours {body:?}, recorded {expected:?}"));
    }
    Ok(())
}
