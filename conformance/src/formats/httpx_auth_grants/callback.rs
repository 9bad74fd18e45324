//! `httpx_auth_pkce` and `httpx_auth_callback_server`: proof keys, and the listener that a browser comes back to.

use super::{each, has};
use crate::{
    case::{Case, Judged},
    formats::{Format, url::Url},
    record::{Read as _, Record, same, text},
    server::{Pairs, answering, field, form, json},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::mpsc,
    time::Duration,
};
use tower_auth_oauth2::{
    OAuth2, Pkce, TokenError,
    browser::{Browser, BrowserError, BrowserErrorKind, DisplaySettings, Visit},
};

pub(crate) struct ProofKeys;

impl Format for ProofKeys {
    fn name(&self) -> &'static str {
        "httpx_auth_pkce"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, &["code_verifier", "code_challenge"])
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        each(file, async |record| proof_key(&record))
    }
}

fn proof_key(record: &Record) -> Judged {
    let random = match record.maybe("random_hex") {
        Some(random) => crate::formats::hex(random)?,
        None => BASE64_URL_SAFE_NO_PAD
            .decode(record.text("code_verifier")?)
            .map_err(text)?,
    };
    let pkce = Pkce::from_random(&random)?;
    same(
        "verifier",
        pkce.verifier().expose(),
        record.text("code_verifier")?,
    )?;
    same(
        "challenge",
        pkce.challenge(),
        record.text("code_challenge")?,
    )?;
    same("method", "S256", record.text("method")?)
}

pub(crate) struct CallbackServer;

impl Format for CallbackServer {
    fn name(&self) -> &'static str {
        "httpx_auth_callback_server"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, &["exchange", "grant_field"])
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        each(file, callback)
    }
}

const FRAGMENT: &str = "FRAGMENT_TO_QUERY_PAGE";
/// What our answer has when nothing is said of its body.
const NOT_SHOWN: &str = "";
const PAGE: &str = "https://as.example/authorize";

/// Plays the recorded exchange with the listener of a login, with the state of that login.
async fn callback(record: Record) -> Judged {
    let grant = record.text("grant_field")?.to_owned();
    let exchange = record.list("exchange")?.to_vec();
    let raises = record.maybe("outcome/raises");
    let patience = match raises {
        Some("TimeoutOccurred") => Duration::from_millis(400),
        _ => Duration::from_secs(20),
    };
    let (tell, told) = mpsc::channel();
    let open = move |visit: &Visit| {
        for entry in &exchange {
            let shown =
                play(visit, &entry["request"]).map(|page| (page, entry["response"].clone()));
            // Nobody listens any more when the case has failed.
            let _ = tell.send(shown.map_err(|error| error.to_string()));
        }
        Ok(())
    };
    let display = DisplaySettings::new()
        .success_html("SUCCESS display_time={display_time}")
        .failure_html("FAILURE display_time={display_time} information={information}");
    let browser = Browser::builder()
        .any_port()
        .timeout(patience)
        .display(display);
    let browser = browser.opener(open).build()?;
    let (http, log) = answering(|_| json(200, &serde_json::json!({"access_token": "a"})));
    let result = if grant == "code" {
        let login = OAuth2::authorization_code(PAGE, "https://as.example/token", "id");
        let auth = login.browser(browser).http_client(http).build()?;
        auth.token().await
    } else {
        let login = OAuth2::implicit(PAGE, "id").token_field_name(&grant);
        let auth = login.browser(browser).http_client(http).build()?;
        auth.token().await
    };
    // The login is over as soon as its answer is there; whoever plays the browser may still read the last page.
    let pages =
        move || std::iter::from_fn(|| told.recv_timeout(Duration::from_secs(5)).ok()).collect();
    let pages: Vec<_> = tokio::task::spawn_blocking(pages).await.map_err(text)?;
    for shown in pages {
        let ((status, page), recorded) = shown?;
        compare_page(status, &page, &recorded)?;
    }
    match (result, raises) {
        (Ok(token), None) => {
            let code = log
                .take()
                .first()
                .map(|sent| form(sent.body()))
                .unwrap_or_default();
            let ours = match grant == "code" {
                true => field(&code, "code").map(str::to_owned),
                false => Some(token.expose().to_owned()),
            };
            same("grant", ours.as_deref(), record.maybe("outcome/grant"))
        }
        (Err(error), Some(raises)) => {
            let error = TokenError::of(&error).ok_or("an error without a cause")?;
            let timed_out =
                error.browser().map(BrowserError::kind) == Some(BrowserErrorKind::TimedOut);
            same("timed out", timed_out, raises == "TimeoutOccurred")?;
            same(
                "the server's words",
                error.response().is_some(),
                raises == "InvalidGrantRequest",
            )
        }
        (result, _) => Err(format!("gives {result:?}").into()),
    }
}

fn compare_page(status: u64, page: &str, recorded: &Value) -> Judged {
    same("status", status, recorded.number("status")?)?;
    match recorded.text("body")? {
        FRAGMENT => same("fragment page", page.contains("location.hash"), true),
        NOT_SHOWN => same("result page", page.contains("display_time"), false),
        // Why an answer is none is said in our own words.
        "FAILURE" => same("failure page", page.starts_with("FAILURE"), true),
        body => same("page", page, body),
    }
}

/// Sends a request, with the state of this login, and without httpx_auth's own mark; gives status and body.
fn play(visit: &Visit, request: &Value) -> std::io::Result<(u64, String)> {
    let page = visit.uri().query().unwrap_or_default();
    let state = form(page.as_bytes());
    let state = field(&state, "state").unwrap_or_default();
    let host = Url::split(visit.redirect_uri()).authority;
    let port = host.rsplit(':').next().and_then(|port| port.parse().ok());
    let mut stream = TcpStream::connect(("127.0.0.1", port.unwrap_or_default()))?;
    let method = request.maybe("method").unwrap_or_default();
    let target = with_state(request.maybe("target").unwrap_or_default(), state);
    let body = request
        .maybe("body")
        .map(|body| with_state(&format!("?{body}"), state));
    let body = body.map_or_else(String::new, |body| body[1..].to_owned());
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    let headers = request.at("headers").and_then(Value::as_object);
    let named = |name: &str| headers.is_some_and(|headers| headers.contains_key(name));
    for (name, value) in headers
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "Content-Length")
    {
        head.push_str(&format!(
            "{name}: {}\r\n",
            value.as_str().unwrap_or_default()
        ));
    }
    if !named("Host") {
        head.push_str(&format!("Host: {host}\r\n"));
    }
    head.push_str(&format!(
        "Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ));
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.get(9..12).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status.unwrap_or_default(), body.to_owned()))
}

/// The first state that is something is this one; all else stays as it is written.
fn with_state(target: &str, state: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let mut replaced = false;
    let pairs = query
        .split('&')
        .filter(|pair| *pair != "httpx_auth_redirect=1")
        .map(|pair| {
            match pair
                .strip_prefix("state=")
                .filter(|state| !state.is_empty() && !replaced)
            {
                Some(_) => {
                    replaced = true;
                    format!("state={state}")
                }
                None => pair.to_owned(),
            }
        });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// What a recorded request brings: its parameters, without httpx_auth's own mark.
pub(crate) fn brought(request: &Value) -> Pairs {
    let target = request.maybe("target").unwrap_or_default();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut brought = match request.maybe("method") {
        Some("POST") => form(request.maybe("body").unwrap_or_default().as_bytes()),
        _ => form(query.as_bytes()),
    };
    brought.retain(|(name, _)| name != "httpx_auth_redirect");
    brought
}

/// Whether exactly one state is there, and is something: that of this login.
pub(crate) fn has_state(brought: &[(String, String)]) -> bool {
    let mut states = brought.iter().filter(|(name, _)| name == "state");
    states.next().is_some_and(|(_, state)| !state.is_empty()) && states.next().is_none()
}

/// How our listener answers a request that is no callback: another host, path, or method.
pub(crate) fn turned_away(request: &Value) -> Option<u64> {
    let (method, target) = (
        request.maybe("method"),
        request.maybe("target").unwrap_or_default(),
    );
    let path = target.split('?').next().unwrap_or_default();
    match (path, method) {
        _ if request.at("headers/Host").is_some() => Some(421),
        ("/" | "/favicon.ico", Some("GET")) | ("/", Some("POST")) => None,
        ("/", _) => Some(405),
        _ => Some(404),
    }
}

/// An exchange as ours has to be: what is no callback is turned away, what has not the state of this login is not looked at,
/// the first answer with it counts, and its page is escaped.
pub(crate) fn callback_as_ours(record: &mut Value) {
    let grant = record.maybe("grant_field").unwrap_or_default().to_owned();
    let exchange = record.list("exchange").unwrap_or_default().to_vec();
    let recorded = record
        .maybe("outcome/message")
        .unwrap_or_default()
        .to_owned();
    let mut played = Vec::new();
    let mut outcome = serde_json::json!({"raises": "TimeoutOccurred"});
    for mut entry in exchange {
        let request = entry["request"].clone();
        let brought = brought(&request);
        let all = |name: &str| brought.iter().filter(|(known, _)| known == name).count();
        let answer = |status: u64, body: &str| serde_json::json!({"status": status, "body": body});
        let is_favicon = request.maybe("target") == Some("/favicon.ico");
        let mut over = true;
        entry["response"] = match (turned_away(&request), field(&brought, &grant)) {
            (Some(status), _) => answer(status, NOT_SHOWN),
            _ if is_favicon => entry["response"].clone(),
            _ if brought.is_empty() && request.maybe("method") == Some("GET") => {
                answer(200, FRAGMENT)
            }
            _ if !has_state(&brought) => answer(400, NOT_SHOWN),
            (None, Some(value)) if !value.is_empty() && all(&grant) == 1 => {
                outcome = serde_json::json!({"grant": value});
                answer(200, "SUCCESS display_time=1")
            }
            _ if all("error") > 0 => {
                outcome = serde_json::json!({"raises": "InvalidGrantRequest"});
                answer(200, &failure(&brought, &recorded))
            }
            _ => {
                outcome = serde_json::json!({"raises": "an answer that is none"});
                answer(200, "FAILURE")
            }
        };
        over &= !matches!(outcome.maybe("raises"), Some("TimeoutOccurred"));
        played.push(entry);
        if over {
            break;
        }
    }
    record["exchange"] = played.into();
    record["outcome"] = outcome;
}

/// The page of an error: escaped, each part in one line, and what the server sent beside as JSON.
fn failure(brought: &[(String, String)], recorded: &str) -> String {
    let said = |name: &str| field(brought, name).filter(|text| !text.is_empty());
    let line = |text: &str| -> String {
        text.trim()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect()
    };
    // The words of the RFC are those that are recorded.
    let words = recorded
        .split('\n')
        .next()
        .and_then(|line| line.split_once(": "));
    let words = words.map(|(_, words)| words);
    let mut text = line(said("error").unwrap_or_default());
    if let Some(description) =
        said("error_description").or_else(|| words.filter(|words| *words != "None"))
    {
        text.push_str(&format!(": {}", line(description)));
    }
    if let Some(uri) = said("error_uri") {
        text.push_str(&format!("\nMore information can be found on {}", line(uri)));
    }
    let known = [
        "code",
        "error",
        "error_description",
        "error_uri",
        "iss",
        "state",
    ];
    let others = brought
        .iter()
        .rev()
        .filter(|(name, _)| !known.contains(&&**name));
    let others: Map<String, Value> = others
        .map(|(name, value)| (name.clone(), (**value).into()))
        .collect();
    if !others.is_empty() {
        text.push_str(&format!(
            "\nAdditional information: {}",
            Value::from(others)
        ));
    }
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let escaped = escaped
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
        .replace('\n', "<br>");
    format!("FAILURE display_time=10000 information={escaped}")
}
