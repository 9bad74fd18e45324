//! `rfc8628_device`, on paused time.

use crate::server::{answering, field, form, json};
use crate::{
    case::{Judged, Why},
    record::{Read as _, check, text},
};
use serde_json::{Value, json as object};
use std::{
    collections::VecDeque,
    error::Error as _,
    sync::{Arc, Mutex},
};
use tokio::time::Instant;
use tower_auth_oauth2::{DeviceCode, HttpClient, OAuth2, TokenError};

/// What happened: when the server was asked, in seconds, what was shown, and the outcome.
struct Run {
    polls: Vec<u64>,
    shown: Option<DeviceCode>,
    grant_types: Vec<String>,
    result: Result<String, tower_auth_core::AuthError>,
}

/// Runs the flow; `answers` come first, then the token. `None` answers never.
///
/// On a thread of its own, whose time stands still but for what is waited for.
fn run(code: &Value, answers: &[Option<&str>]) -> Result<Run, Why> {
    let thread = std::thread::scope(|scope| scope.spawn(|| on_paused_time(code, answers)).join());
    thread.map_err(|_| "panicked")?
}

fn on_paused_time(code: &Value, answers: &[Option<&str>]) -> Result<Run, Why> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.map_err(text)?.block_on(async {
        let began = Instant::now();
        let polls = Arc::new(Mutex::new((Vec::new(), Vec::new())));
        let script: VecDeque<_> = answers
            .iter()
            .map(|answer| answer.map(str::to_owned))
            .collect();
        let (script, code, seen) = (
            Arc::new(Mutex::new(script)),
            code.clone(),
            Arc::clone(&polls),
        );
        let (http, _) = answering(move |sent| {
            if sent.uri().path() == "/device" {
                return json(200, &code);
            }
            let form = form(sent.body());
            let mut seen = seen.lock().expect("held for moments");
            seen.0.push(began.elapsed().as_secs());
            seen.1
                .push(field(&form, "grant_type").unwrap_or_default().to_owned());
            match script.lock().expect("held for moments").pop_front() {
                Some(Some(error)) => json(400, &object!({"error": error})),
                Some(None) => json(504, &object!({})),
                None => json(200, &object!({"access_token": "a"})),
            }
        });
        let shown = Arc::new(Mutex::new(None));
        let show = Arc::clone(&shown);
        let http: HttpClient = http;
        let auth = OAuth2::device_authorization(
            "https://as.example/device",
            "https://as.example/token",
            "id",
        )
        .http_client(http)
        .on_user_code(move |code| *show.lock().expect("held for moments") = Some(code.clone()))
        .build()
        .map_err(text)?;
        let result = auth.token().await.map(|token| token.expose().to_owned());
        let (polls, grant_types) = polls.lock().expect("held for moments").clone();
        let shown = shown.lock().expect("held for moments").take();
        Ok(Run {
            polls,
            shown,
            grant_types,
            result,
        })
    })
}

fn stops(run: &Run, after: usize) -> Judged {
    match &run.result {
        Err(error)
            if error.source().is_some_and(|cause| cause.is::<TokenError>())
                && run.polls.len() == after =>
        {
            Ok(())
        }
        other => Err(format!("{other:?} after {:?}", run.polls).into()),
    }
}

fn expect(polls: &[u64], expected: &[u64]) -> Judged {
    check(polls == expected, || {
        format!("polls at {polls:?} instead of {expected:?}")
    })
}

/// One entry of the part.
pub(super) fn judge(part: &Value, name: &str) -> Judged {
    let code = part.get("response").ok_or("has no response")?;
    let number = |name: &str| code.get(name).and_then(Value::as_u64);
    let interval = number("interval").unwrap_or(5);
    match name {
        "response" => {
            let run = run(code, &[])?;
            let shown = run.shown.ok_or("shows nothing")?;
            let text = |name: &str| code.maybe(name);
            let complete = shown.verification_uri_complete();
            let agrees = Some(shown.user_code()) == text("user_code")
                && Some(shown.verification_uri()) == text("verification_uri")
                && complete == text("verification_uri_complete")
                && Some(shown.qr_text())
                    == text("verification_uri_complete").or_else(|| text("verification_uri"))
                && Some(shown.expires_in().as_secs()) == number("expires_in")
                && shown.interval().map(|interval| interval.as_secs()) == number("interval");
            expect(&run.polls, &[interval])?;
            check(agrees, || format!("{shown:?}"))
        }
        "grant_type" => {
            let run = run(code, &[])?;
            let recorded = part.maybe("grant_type").unwrap_or_default();
            check(run.grant_types == [recorded], || {
                format!("{:?}", run.grant_types)
            })
        }
        "default_interval" => {
            let mut code = code.clone();
            code.as_object_mut()
                .ok_or("is no object")?
                .remove("interval");
            let seconds = part.number("default_interval")?;
            expect(&run(&code, &[])?.polls, &[seconds])
        }
        _ => Err("nothing judges this".into()),
    }
}

/// One of the rules for polling.
pub(super) fn rule(part: &Value, rule: &Value) -> Judged {
    let code = part.get("response").ok_or("has no response")?;
    let i = code.get("interval").and_then(Value::as_u64).unwrap_or(5);
    let does = |word: &str| rule.maybe("do").is_some_and(|d| d.contains(word));
    if let Some(error) = rule.maybe("error") {
        let after = run(code, &[Some(error), Some("authorization_pending")])?;
        return match () {
            () if does("wait interval") => expect(&after.polls, &[i, 2 * i, 3 * i]),
            () if does("interval += 5") => expect(&after.polls, &[i, 2 * i + 5, 3 * i + 10]),
            () if does("stop") => stops(&after, 1),
            () => Err("nothing judges this rule".into()),
        };
    }
    if rule.get("transport_timeout").is_some() && does("back-off") {
        return expect(&run(code, &[None, None])?.polls, &[i, 3 * i, 7 * i]);
    }
    if rule
        .maybe("local")
        .is_some_and(|why| why.starts_with("expires_in"))
        && does("stop")
    {
        let mut code = code.clone();
        code["expires_in"] = (2 * i + 1).into();
        return stops(&run(&code, &[Some("authorization_pending"); 9])?, 2);
    }
    Err("nothing judges this rule".into())
}
