//! What becomes of httpx_auth's answers and tokens.

use super::{Exception, Ours};
use crate::{
    formats::httpx_auth_grants::{
        FROZEN, Present, answer, as_we_say, brought, cache_as_ours, callback_as_ours, exp_of,
        expires_at, has_state, json_of, present, token_of, turned_away,
    },
    python::{int, is_false},
    record::{Read as _, Record},
};
use serde_json::{Value, json};

const ANSWERS: &str = "httpx_auth_token_responses";
const CALLBACKS: &str = "httpx_auth_callback_server";
const CACHE: &str = "httpx_auth_token_cache";

pub(super) const ALL: &[Exception] = &[
    Exception {
        name: "token that no header carries",
        reason: "a token with blanks, control characters or letters beyond ASCII is refused when it arrives",
        source: "RFC 6750 section 2.1; RFC 6749 appendix A.12",
        covers: |record| {
            succeeded(record).is_some_and(|it| !it.token.bytes().all(|b| b.is_ascii_graphic()))
        },
        ours: Ours::Otherwise(|value| value["ours"] = json!({"error": "Malformed"})),
    },
    Exception {
        name: "token that is no text",
        reason: "a token is a text, or a number at most; httpx_auth prints whatever it is",
        source: "RFC 6749 section 5.1",
        covers: |record| {
            let token = sent(record).and_then(|sent| sent.get("access_token").cloned());
            let is_odd = |token: &Value| !token.is_string() && !token.is_number();
            is_success(record) && token.is_some_and(|token| is_odd(&token) && !is_false(&token))
        },
        ours: Ours::Otherwise(|value| value["ours"] = json!({"error": "Malformed"})),
    },
    Exception {
        name: "JSON that is not UTF-8",
        reason: "JSON is UTF-8; Python guesses UTF-16 and UTF-32",
        source: "RFC 8259 section 8.1",
        covers: |record| {
            let body = body(record);
            is_success(record)
                && [&b"\xff\xfe"[..], b"\xfe\xff"]
                    .iter()
                    .any(|mark| body.starts_with(mark))
                && record.at("outcome/raises").is_none()
        },
        ours: Ours::Otherwise(|value| value["ours"] = json!({"error": "Malformed"})),
    },
    Exception {
        name: "token of another type",
        reason: "a token that is no bearer token is refused: it would have to be proved",
        source: "RFC 6749 section 7.1",
        covers: |record| {
            succeeded(record).is_some_and(|it| {
                let kind = it.token_type.filter(|kind| !kind.is_empty());
                kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
                    && it.token.bytes().all(|b| b.is_ascii_graphic())
            })
        },
        ours: Ours::Otherwise(|value| value["ours"] = json!({"error": "TokenType"})),
    },
    Exception {
        name: "token in a redirect",
        reason: "the body of a redirect is not read, and the redirect is not followed",
        source: "RFC 9700 section 4.11",
        covers: |record| {
            let status = record.number("status").unwrap_or_default();
            let raises = record.at("outcome/raises").is_some();
            record.format == ANSWERS && (300..400).contains(&status) && !raises
        },
        ours: Ours::Otherwise(|value| value["ours"] = json!({"error": "Redirected"})),
    },
    Exception {
        name: "token that is repeated",
        reason: "of a parameter that is there twice the first counts; httpx_auth takes the last of a page",
        source: "RFC 6749 section 5.1: parameters must not be repeated",
        covers: |record| {
            let raises = record.at("outcome/raises").is_some();
            succeeded(record).is_some_and(|it| it.repeated) && !raises
        },
        ours: Ours::Otherwise(|value| {
            if let Some(first) = answer(value).ok().and_then(|answer| present(&answer)) {
                value["outcome"]["authorization"] = format!("Bearer {}", first.token).into();
            }
        }),
    },
    Exception {
        name: "lifetime of Python",
        reason: "lifetimes are numbers, or texts of ASCII digits, and zero is one; Python reads `1_000`, `٦٠` and `true`, and \
                 takes zero for nothing",
        source: "RFC 6749 section 5.1; the documentation of OAuth2Builder::token_lifetime",
        covers: |record| {
            succeeded(record).is_some_and(|it| {
                let ours = end(&it);
                let lifetime = it
                    .expires_in
                    .as_ref()
                    .filter(|lifetime| !is_false(lifetime));
                let theirs = match lifetime {
                    Some(lifetime) => int(lifetime).map(|seconds| start() + seconds.max(0.0)),
                    None => exp_of(&it.token),
                };
                let recorded = record
                    .at("outcome/cached_expiry_unix")
                    .and_then(Value::as_f64);
                let is_theirs = recorded.map(|at| at.max(start()).floor())
                    == theirs.map(|at| at.max(start()).floor());
                it.expires_in.is_some() && is_theirs && theirs.map(f64::floor) != ours
            })
        },
        ours: Ours::Otherwise(set_end),
    },
    Exception {
        name: "token with an odd exp",
        reason: "an `exp` that is no number says nothing; to Python `true` is one",
        source: "RFC 7519 sections 2 and 4.1.4",
        covers: |record| {
            let expiry = record.at("outcome/cached_expiry_unix");
            record.format == ANSWERS && expiry.is_some_and(Value::is_boolean)
        },
        ours: Ours::Otherwise(set_end),
    },
    Exception {
        name: "words that are no plain text",
        reason: "an error is shown in lines of their own, bounded, and what is no text as JSON; what is there is shown, also \
                 what Python takes for nothing, and nothing is shown for what is not there",
        source: "the documentation of ErrorResponse",
        covers: |record| {
            let is_plain = |value: &Value| match value {
                Value::String(text) => {
                    let printable = |c: char| !c.is_control();
                    let bounded = text.trim() == text && text.chars().count() <= 300;
                    !text.is_empty() && bounded && text.chars().all(printable)
                }
                _ => false,
            };
            let first = |value: &Value| match value {
                Value::Array(values) if !values.is_empty() => values[0].clone(),
                value => value.clone(),
            };
            let names = ["error", "error_description", "error_uri"];
            is_refusal(record)
                && sent(record).is_some_and(|sent| {
                    let values = names.iter().filter_map(|name| sent.get(name));
                    let is_error = sent.get("error").is_some();
                    is_error && values.map(first).any(|value| !is_plain(&value))
                })
        },
        ours: Ours::Otherwise(as_we_say),
    },
    Exception {
        name: "code without words",
        reason: "a code that RFC 6749 has no words for stands alone, or with those of its own RFC; Python prints `None`",
        source: "the documentation of ErrorResponse::explanation",
        covers: |record| {
            let message = record.maybe("outcome/message").unwrap_or_default();
            let lines = message.split('\n').next().unwrap_or_default();
            let has_code = sent(record).is_some_and(|sent| {
                sent.maybe("error").is_some() || sent.maybe("error/0").is_some()
            });
            is_refusal(record) && has_code && lines.ends_with(": None")
        },
        ours: Ours::Otherwise(as_we_say),
    },
    Exception {
        name: "tokens of the cache with odd lifetimes",
        reason: "a token without a lifetime that we can read is used until it is refused, and a negative one is none; httpx_auth \
                 raises, or reads what Python reads",
        source: "the documentation of OAuth2Builder::token_lifetime",
        covers: |record| {
            tuples(record).any(|tuple| {
                let now = start();
                let token = tuple.at("1").and_then(token_of);
                let lifetime = tuple.at("2");
                let theirs = lifetime.and_then(int).map(|seconds| now + seconds);
                lifetime.is_some()
                    && token.is_some_and(|token| {
                        theirs.is_none() || theirs != expires_at(&token, lifetime, now)
                    })
            })
        },
        ours: Ours::Otherwise(cache_as_ours),
    },
    Exception {
        name: "tokens of the cache without an end",
        reason: "a token that says no end of its own, or one that is past, is one that a server issued",
        source: "the documentation of OAuth2Builder::token_lifetime",
        covers: |record| {
            tuples(record).any(|tuple| {
                let token = tuple.maybe("1").filter(|token| !token.is_empty());
                let exp =
                    |token: &str| exp_of(token).filter(|exp| *exp >= start() && exp.fract() == 0.0);
                tuple.as_array().is_some_and(|tuple| tuple.len() == 2)
                    && token.is_some_and(|token| exp(token).is_none_or(|exp| exp > 4e11))
            })
        },
        ours: Ours::Otherwise(cache_as_ours),
    },
    Exception {
        name: "tokens of the cache that cannot be sent",
        reason: "a token is a text that a header can carry, or a number; whatever else a server sends is an error when it arrives",
        source: "RFC 6750 section 2.1",
        covers: |record| {
            tuples(record).any(|tuple| {
                let token = tuple.at("1").unwrap_or(&Value::Null);
                token_of(token).is_none() || token.is_number()
            })
        },
        ours: Ours::Otherwise(cache_as_ours),
    },
    Exception {
        name: "tokens of the cache for somebody else",
        reason: "a token is kept under the key that was asked for; a stranger's state could plant it for somebody else",
        source: "RFC 6749 section 10.12",
        covers: |record| {
            steps(record).any(|step| {
                let key = step.maybe("args/0");
                let state = |name: &str| step.maybe(&format!("args/1/{name}/0"));
                let states = [state("missing"), state("expired")];
                states.iter().flatten().any(|state| Some(*state) != key)
            })
        },
        ours: Ours::Otherwise(cache_as_ours),
    },
    Exception {
        name: "refresh tokens of the cache",
        reason: "a refresh token that is not replaced stays good, and an empty one is none",
        source: "RFC 6749 section 6",
        covers: |record| {
            let is_none = |tuple: &Value| match tuple.at("3") {
                None | Some(Value::Null) => true,
                Some(refresh) => refresh == "",
            };
            let mut refreshes = steps(record).filter_map(|step| step.at("args/1/expired"));
            tuples(record).any(|tuple| tuple.maybe("3") == Some(""))
                || record.format == CACHE && refreshes.any(|it| it.is_array() && is_none(it))
        },
        ours: Ours::Otherwise(cache_as_ours),
    },
    Exception {
        name: "refreshes without a token",
        reason: "after a refresh whose answer has no token nobody is asked to log in at once: what became of it is not known",
        source: "the documentation of TokenErrorKind",
        covers: |record| {
            steps(record).any(|step| step.maybe("args/1/expired") == Some("GrantNotProvided"))
        },
        ours: Ours::Otherwise(cache_as_ours),
    },
    Exception {
        name: "requests that are no callback",
        reason: "only GET and POST of the one path under a name of this machine are callbacks; httpx_auth takes any path and host",
        source: "RFC 8252 section 8.3; the documentation of tower_auth_browser",
        covers: |record| requests(record).any(|request| turned_away(request).is_some()),
        ours: Ours::Otherwise(callback_as_ours),
    },
    Exception {
        name: "answers of another login",
        reason: "an answer without the one state of this login is not looked at, and the right one still counts",
        source: "RFC 6749 section 10.12",
        covers: |record| {
            let answers = requests(record).filter(|request| turned_away(request).is_none());
            let mut brought = answers.map(brought);
            // A form without anything is an answer, too.
            let is_post = requests(record).any(|request| request.maybe("method") == Some("POST"));
            brought.any(|brought| (!brought.is_empty() || is_post) && !has_state(&brought))
        },
        ours: Ours::Otherwise(callback_as_ours),
    },
    Exception {
        name: "errors in a query",
        reason: "an error is an answer wherever it stands; httpx_auth shows its page for fragments first",
        source: "RFC 6749 section 4.1.2.1",
        covers: |record| {
            let grant = record.maybe("grant_field").unwrap_or_default();
            requests(record).any(|request| {
                let target = request.maybe("target").unwrap_or_default();
                let brought = brought(request);
                let has = |name: &str| brought.iter().any(|(known, _)| known == name);
                let is_direct = request.maybe("method") == Some("GET")
                    && !target.contains("httpx_auth_redirect");
                is_direct && has("error") && !has(grant)
            })
        },
        ours: Ours::Otherwise(callback_as_ours),
    },
    Exception {
        name: "empty answers",
        reason: "an answer whose code or token is empty is none",
        source: "RFC 6749 section 4.1.2",
        covers: |record| {
            let grant = record.maybe("grant_field").unwrap_or_default();
            let is_empty = |(name, value): &(String, String)| name == grant && value.is_empty();
            requests(record).any(|request| brought(request).iter().any(is_empty))
        },
        ours: Ours::Otherwise(callback_as_ours),
    },
    Exception {
        name: "pages that are escaped",
        reason: "what a server says is shown escaped, in a line; what it says beside is JSON, without state and code",
        source: "the documentation of DisplaySettings",
        covers: |record| {
            let pages = match record.format == CALLBACKS {
                true => record.list("exchange").unwrap_or_default(),
                false => &[],
            };
            pages.iter().any(|entry| {
                let page = entry.maybe("response/body").unwrap_or_default();
                let lines = page.split("<br>");
                let lines = lines.map(|line| line.replace("More information can be found on", ""));
                page.starts_with("FAILURE")
                    && (page.contains("Additional information: ")
                        || page.matches("<br>").count()
                            > usize::from(page.contains("More information"))
                        || lines
                            .into_iter()
                            .any(|line| line.contains(['<', '>', '&', '"', '\''])))
            })
        },
        ours: Ours::Otherwise(callback_as_ours),
    },
];

fn requests(record: &Record) -> impl Iterator<Item = &Value> {
    let exchange = match record.format == CALLBACKS {
        true => record.list("exchange").unwrap_or_default(),
        false => &[],
    };
    exchange.iter().filter_map(|entry| entry.at("request"))
}

fn start() -> f64 {
    FROZEN.1 as f64
}

fn body(record: &Record) -> Vec<u8> {
    let answer = answer(record).ok().filter(|_| record.format == ANSWERS);
    answer.map_or_else(Vec::new, |answer| answer.body().to_vec())
}

/// The object that was sent.
fn sent(record: &Record) -> Option<Value> {
    json_of(&body(record)).filter(Value::is_object)
}

fn is_success(record: &Record) -> bool {
    let status = record.number("status").unwrap_or_default();
    record.format == ANSWERS && (200..300).contains(&status)
}

fn is_refusal(record: &Record) -> bool {
    let raises = record.maybe("outcome/raises").unwrap_or_default();
    record.format == ANSWERS && raises.ends_with(".InvalidGrantRequest")
}

/// The token of an answer that is no error.
fn succeeded(record: &Record) -> Option<Present> {
    let answer = answer(record).ok().filter(|_| is_success(record))?;
    present(&answer)
}

fn end(present: &Present) -> Option<f64> {
    expires_at(&present.token, present.expires_in.as_ref(), start())
}

fn set_end(value: &mut Value) {
    if let Some(present) = answer(value).ok().and_then(|answer| present(&answer)) {
        value["ours"] = json!({"expires": end(&present)});
    }
}

fn steps(record: &Record) -> impl Iterator<Item = &Value> {
    let steps = match record.format == CACHE {
        true => record.list("steps").unwrap_or_default(),
        false => &[],
    };
    steps.iter()
}

/// What callbacks return: state, token, lifetime, refresh token.
fn tuples(record: &Record) -> impl Iterator<Item = Value> {
    steps(record).flat_map(|step| {
        let added = match step.maybe("op") {
            Some("add_access" | "add_bearer") => step.at("args"),
            _ => None,
        };
        let [missing, expired] = ["args/1/missing", "args/1/expired"].map(|path| step.at(path));
        let tuples = [added, missing, expired].into_iter().flatten();
        tuples
            .filter(|tuple| tuple.is_array())
            .cloned()
            .collect::<Vec<_>>()
    })
}
