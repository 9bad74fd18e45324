//! `httpx_auth_token_requests`: what token endpoints are sent.

use super::{
    each, has,
    settings::{Finish, Settings},
};
use crate::{
    case::{Case, Judged, Why},
    formats::{Format, url::Url},
    record::{Read as _, Record, same},
    server::{Log, Sent, answering, field, form, header, json},
};
use serde_json::{Map, Value};
use std::time::{Duration, UNIX_EPOCH};
use tower_auth_core::{Clock, clock::ManualClock};
use tower_auth_oauth2::{Grant, OAuth2, OAuth2Builder};

pub(crate) struct TokenRequests;

impl Format for TokenRequests {
    fn name(&self) -> &'static str {
        "httpx_auth_token_requests"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, &["token_request"])
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        each(file, judge)
    }
}

struct Plain(Clock);

impl Finish for Plain {
    type Output = OAuth2;

    async fn finish<G: Grant>(
        self,
        builder: OAuth2Builder<G>,
        _: Log<String>,
    ) -> Result<OAuth2, Why> {
        Ok(builder.clock(self.0).build()?)
    }
}

/// A token that is good for no time: the second one has to be fetched by the refresh token, when that is kept.
async fn judge(record: Record) -> Judged {
    let refresh = record.file.maybe("fixed/refresh_token");
    let refresh = refresh.unwrap_or("tGzv3JOkF0XG5Qx2TlKWIA").to_owned();
    let token_field = record.maybe("token_field_name").unwrap_or("access_token");
    let answer =
        serde_json::json!({token_field: "token", "expires_in": 0, "refresh_token": refresh});
    let (http, log) = answering(move |_| json(200, &answer));
    let hands = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let settings = Settings::read(&record)?;
    let (refreshes, ordered) = (settings.has_refresh(), !settings.is_for_browser());
    let auth = settings
        .build(http, Plain(Clock::new(hands.clone())))
        .await?;
    for _ in 0..2 {
        auth.token().await?;
        hands.advance(Duration::from_secs(1));
    }
    let sent = log.take();
    let [first, second] = &sent[..] else {
        return Err(format!("{} requests instead of two", sent.len()).into());
    };
    compare(first, &record, "token_request", ordered)?;
    match record.at("refresh_request") {
        None | Some(Value::Null) if refreshes => Err("records no refresh".into()),
        None | Some(Value::Null) => compare(second, &record, "token_request", ordered),
        _ => compare(second, &record, "refresh_request", ordered),
    }
}

/// The same request; `accept` is the one header that may differ: we ask for JSON, httpx for anything.
fn compare(ours: &Sent, record: &Record, request: &str, ordered: bool) -> Judged {
    record.object(request)?;
    let recorded = |name: &str| record.maybe(&format!("{request}/{name}"));
    same("method", Some(ours.method().as_str()), recorded("method"))?;
    same("method", ours.method().as_str(), "POST")?;
    let target = ours.uri().path_and_query().map(ToString::to_string);
    same("target", target.as_deref(), recorded("target"))?;
    let origin = |url: &str| Url::split(url).origin();
    let url = recorded("url").unwrap_or_default();
    same("server", origin(&ours.uri().to_string()), origin(url))?;
    for (name, as_recorded) in [
        ("content-type", "content_type"),
        ("authorization", "authorization"),
    ] {
        same(name, header(ours, name).as_deref(), recorded(as_recorded))?;
    }
    match (recorded("accept"), header(ours, "accept").as_deref()) {
        (Some("*/*" | "application/json"), Some("application/json")) => {}
        (recorded, ours) => {
            return Err(format!("accept: ours {ours:?}, recorded {recorded:?}").into());
        }
    }
    // Decoded: encoders disagree about `~` and `*`.
    let (mut body, mut expected) = (
        form(ours.body()),
        form(recorded("body").unwrap_or_default().as_bytes()),
    );
    if !ordered {
        body.sort();
        expected.sort();
        // Made for each login; ours may listen at another port; and the record has its own.
        for form in [&mut body, &mut expected] {
            for (name, value) in form.iter_mut() {
                match &**name {
                    "code_verifier" if (43..=128).contains(&value.len()) => {
                        "fresh".clone_into(value)
                    }
                    "redirect_uri" => *value = Url::split(value).without_port(),
                    _ => {}
                }
            }
        }
    }
    field(&expected, "grant_type").ok_or("records no grant type")?;
    same("body", body, expected)
}
