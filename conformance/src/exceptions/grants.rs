//! What httpx_auth's grants are told, ask for, and keep.

use super::{Exception, Ours, blames, given, has_control};
use crate::{
    formats::{httpx_auth_grants::NEVER_SAID, url::Url},
    record::{Read as _, Record},
    server::{Pairs, field, form},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

const REQUESTS: &str = "httpx_auth_token_requests";
const KEYS: &str = "httpx_auth_cache_keys";
const URLS: &str = "httpx_auth_authorization_urls";
const REQUEST: [&str; 2] = ["token_request", "refresh_request"];

pub(super) const ALL: &[Exception] = &[
    Exception {
        name: "user in a URL",
        reason: "a user name or password in a URL is refused, since it would end up in logs",
        source: "the documentation of tower_auth_core::endpoint",
        covers: |record| urls(record).any(|url| url.has_user()),
        ours: Ours::Refused(|error| blames(error, &ENDPOINTS)),
    },
    Exception {
        name: "plaintext",
        reason: "secrets go in the clear to no other machine",
        source: "RFC 6749 section 3.2; the documentation of tower_auth_core::endpoint::parse",
        covers: |record| {
            urls(record).any(|url| {
                let is_here = |host: &str| {
                    let host = host.trim_matches(['[', ']']);
                    let address = host.parse::<std::net::IpAddr>();
                    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
                };
                url.scheme.eq_ignore_ascii_case("http") && !is_here(url.host())
            })
        },
        ours: Ours::Refused(|error| blames(error, &ENDPOINTS)),
    },
    Exception {
        name: "host beyond ASCII",
        reason: "a host beyond ASCII has to be given as it is in DNS: there is no IDNA here",
        source: "RFC 3986 section 3.2.2",
        covers: |record| urls(record).any(|url| !url.host().is_ascii()),
        ours: Ours::Refused(|error| blames(error, &ENDPOINTS)),
    },
    Exception {
        name: "dots in a path",
        reason: "the path of a URL is sent as it was given; httpx resolves `.` and `..`",
        source: "RFC 3986 section 5.2.4: that is for references",
        covers: |record| {
            let mut segments = urls(record).flat_map(|url| url.path().split('/'));
            record.format == REQUESTS && segments.any(|segment| [".", ".."].contains(&segment))
        },
        ours: Ours::Otherwise(|value| {
            let url = value.maybe("args/0").unwrap_or_default().to_owned();
            for request in REQUEST {
                if given(value, request) {
                    value[request]["target"] = Url::split(&url).request_target().into();
                }
            }
        }),
    },
    Exception {
        name: "no field name",
        reason: "an empty name of the field that holds the token is refused; Python takes it for the default",
        source: "the documentation of OAuth2Builder::token_field_name",
        covers: |record| is_of_grant(record) && record.maybe("kwargs/token_field_name") == Some(""),
        ours: Ours::Refused(|error| blames(error, &["token_field_name"])),
    },
    Exception {
        name: "raw client credentials",
        reason: "a colon in the id, or a control character, cannot go into raw Basic credentials; form-encoded they can",
        source: "RFC 7617 section 2; RFC 6749 section 2.3.1",
        covers: |record| {
            is_of_grant(record)
                && basic(record).is_some_and(|(id, secret)| {
                    id.contains(':') || has_control(&id) || has_control(&secret)
                })
        },
        ours: Ours::Otherwise(form_encoded),
    },
    Exception {
        name: "empty client id",
        reason: "a client without an id is refused",
        source: "RFC 6749 section 2.2; the documentation of ClientAuth",
        covers: |record| is_of_grant(record) && basic(record).is_some_and(|(id, _)| id.is_empty()),
        ours: Ours::Refused(|error| blames(error, &["client_id"])),
    },
    Exception {
        name: "empty scope at Okta",
        reason: "client credentials need a scope at Okta, and an empty one is none",
        source: "the documentation of Provider::okta",
        covers: |record| {
            let scopes = record.list("kwargs/scope").unwrap_or_default();
            let is_empty = !scopes.is_empty() && scopes.iter().all(|scope| scope == "");
            record.maybe("class") == Some("OktaClientCredentials") && is_empty
        },
        ours: Ours::Refused(|error| blames(error, &["scope"])),
    },
    Exception {
        name: "path in an instance",
        reason: "the name of a host cannot become a path",
        source: "the documentation of Provider::okta",
        covers: |record| {
            let fits = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
            let instance = record.maybe("args/0").unwrap_or_default();
            class(record).starts_with("Okta") && !instance.chars().all(fits)
        },
        ours: Ours::Refused(|error| blames(error, &["instance"])),
    },
    Exception {
        name: "key without the client",
        reason: "httpx_auth's key of a password grant leaves out the client, so that two clients share a user's token",
        source: "the documentation of OAuth2Builder::httpx_auth_store_key",
        covers: |record| {
            record.format == KEYS && class(record).contains("Password") && basic(record).is_some()
        },
        ours: Ours::Refused(|error| blames(error, &["store_key"])),
    },
    Exception {
        name: "key with what is never said",
        reason: "httpx_auth's key has secrets of the address, or what is made for each login, which ours never says there",
        source: "the documentation of OAuth2Builder::authorization_parameter",
        covers: |record| {
            let names = record.object("kwargs").into_iter().flatten();
            let mut names = names.map(|(name, _)| name.as_str());
            record.format == KEYS && is_login(record) && names.any(|name| never_said(record, name))
        },
        ours: Ours::Nothing,
    },
    Exception {
        name: "twice told",
        reason: "what the authorization endpoint was told, scope and response type, is not repeated at the token endpoint",
        source: "RFC 6749 sections 4.1.3 and 6",
        covers: |record| {
            record.format == REQUESTS
                && is_login(record)
                && REQUEST.iter().any(|request| {
                    let body = record.maybe(&format!("{request}/body")).unwrap_or_default();
                    form(body.as_bytes()).iter().any(|(name, _)| is_told(name))
                })
        },
        ours: Ours::Otherwise(|value| {
            for request in REQUEST {
                let body = value.maybe(&format!("{request}/body"));
                let Some(mut body) = body.map(|body| form(body.as_bytes())) else {
                    continue;
                };
                body.retain(|(name, _)| !is_told(name));
                value[request]["body"] = encoded(&body).into();
            }
        }),
    },
    Exception {
        name: "printed tuple",
        reason: "a tuple of scopes is no list to httpx_auth, which prints it; Rust has no such thing, and says the text",
        source: "httpx_auth: `isinstance(scope, list)`",
        covers: |record| {
            is_of_grant(record) && record.list("kwargs/scope").is_ok() && tuple(record).is_some()
        },
        ours: Ours::Otherwise(|value| {
            if let Some(tuple) = tuple(value) {
                value["kwargs"]["scope"] = tuple.into();
            }
        }),
    },
    Exception {
        name: "printed list",
        reason: "httpx_auth prints the nonce, and what is the response type of the URL, as a list of Python",
        source: "OpenID Connect Core section 3.1.2.1",
        covers: |record| record.format == URLS && recorded(record).iter().any(is_printed),
        ours: Ours::Otherwise(|value| {
            change(value, |query| {
                for pair in query.iter_mut().filter(|pair| is_printed(pair)) {
                    pair.1 = pair.1[2..pair.1.len() - 2].to_owned();
                }
            });
        }),
    },
    Exception {
        name: "key with a printed list",
        reason: "httpx_auth's class for proof keys takes the response type out of the URL and hashes it as a list of Python",
        source: "httpx_auth: `_pop_parameter`",
        covers: |record| {
            let url = record.maybe("args/0").unwrap_or_default();
            let query = form(Url::split(url).query().as_bytes());
            record.format == KEYS
                && class(record).ends_with("PKCE")
                && field(&query, "response_type").is_some_and(|kind| !kind.is_empty())
        },
        ours: Ours::Otherwise(|value| {
            let url = value.maybe("args/0").unwrap_or_default();
            let (base, query) = url.split_once('?').unwrap_or((url, ""));
            let mut query = form(query.as_bytes());
            let kind = field(&query, "response_type").unwrap_or_default();
            let printed = format!("['{kind}']");
            query.retain(|(name, _)| name != "response_type");
            let url = format!("{base}?{}", encoded(&query));
            let url = url.trim_end_matches('?').to_owned();
            value["args"][0] = url.into();
            value["kwargs"]["response_type"] = printed.into();
        }),
    },
    Exception {
        name: "secret in a page",
        reason: "httpx_auth sends secrets through the browser; ours go to the token endpoint only",
        source: "RFC 9700 section 4.2; the documentation of OAuth2Builder::authorization_parameter",
        covers: |record| {
            let query = recorded(record);
            record.format == URLS && query.iter().any(|(name, _)| SECRETS.contains(&&**name))
        },
        ours: Ours::Otherwise(|value| {
            change(value, |query| {
                query.retain(|(name, _)| !SECRETS.contains(&&**name));
            });
        }),
    },
    Exception {
        name: "fragment of a page",
        reason: "the authorization endpoint must not have a fragment; one that is given is not sent",
        source: "RFC 6749 section 3.1",
        covers: |record| {
            let url = record.maybe("authorization_url").unwrap_or_default();
            record.format == URLS && url.contains('#')
        },
        ours: Ours::Otherwise(|value| {
            let url = value.maybe("authorization_url").unwrap_or_default();
            let url = url.split('#').next().unwrap_or_default().to_owned();
            value["authorization_url"] = url.into();
        }),
    },
    Exception {
        name: "blank parameters",
        reason: "parameters of the URL without a value stay; httpx_auth drops them",
        source: "RFC 6749 section 3.1: the query component must be retained",
        covers: |record| record.format == URLS && !blanks(record).is_empty(),
        ours: Ours::Otherwise(|value| {
            let blanks = blanks(value);
            change(value, |query| query.extend(blanks));
        }),
    },
    Exception {
        name: "nonce of an ID token",
        reason: "where an ID token is asked for, a nonce is sent",
        source: "OpenID Connect Core section 3.2.2.1",
        covers: |record| {
            let query = recorded(record);
            let words = |name: &str| field(&query, name).unwrap_or_default().split([' ', ',']);
            let asks = words("response_type").any(|word| word == "id_token")
                || words("scope").any(|word| word == "openid");
            record.format == URLS && asks && field(&query, "nonce").is_none()
        },
        ours: Ours::Otherwise(|value| {
            change(value, |query| {
                query.push(("nonce".to_owned(), "fresh".to_owned()));
            });
        }),
    },
];

const ENDPOINTS: [&str; 2] = ["authorization_url", "token_url"];
const SECRETS: [&str; 8] = [
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code_verifier",
    "password",
    "refresh_token",
    "subject_token",
];

fn is_of_grant(record: &Record) -> bool {
    [REQUESTS, KEYS, URLS].contains(&record.format)
}

fn class(record: &Value) -> &str {
    record.maybe("class").unwrap_or_default()
}

fn is_login(record: &Value) -> bool {
    class(record).contains("AuthorizationCode") || class(record).contains("Implicit")
}

/// The URLs that a constructor was given.
fn urls(record: &Record) -> impl Iterator<Item = Url<'_>> {
    let args = match is_of_grant(record) {
        true => record.list("args").unwrap_or_default(),
        false => &[],
    };
    let urls = args.iter().take(2).filter_map(Value::as_str);
    urls.filter(|url| url.contains("://")).map(Url::split)
}

/// Id and secret, where they go into `Basic`.
fn basic(record: &Value) -> Option<(String, String)> {
    let text = |path: &str| record.at(path).map(crate::python::print);
    let pair = |id: &str, secret: &str| Some((text(id)?, text(secret)?));
    match class(record) {
        "OAuth2ResourceOwnerPasswordCredentials" => {
            pair("kwargs/client_auth/0", "kwargs/client_auth/1")
        }
        "OktaResourceOwnerPasswordCredentials" => pair("args/3", "args/4"),
        "OAuth2ClientCredentials" | "OktaClientCredentials" => pair("args/1", "args/2"),
        "OAuth2AuthorizationCode" | "OktaAuthorizationCode" => {
            pair("kwargs/username", "kwargs/password")
        }
        _ => None,
    }
}

/// Where the record has id and secret joined, they are form-encoded before; another header stays, and fails.
fn form_encoded(value: &mut Value) {
    let Some((id, secret)) = basic(value) else {
        return;
    };
    let header = |pair: String| format!("Basic {}", STANDARD.encode(pair));
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let raw = header(format!("{id}:{secret}"));
    let ours = header(format!("{}:{}", encode(&id), encode(&secret)));
    for request in REQUEST {
        if value.maybe(&format!("{request}/authorization")) == Some(&raw) {
            value[request]["authorization"] = (*ours).into();
        }
    }
    value["form_encoded"] = true.into();
}

fn never_said(record: &Value, name: &str) -> bool {
    // `Basic` takes these two.
    let is_basic = class(record).ends_with("AuthorizationCode") && name == "password";
    NEVER_SAID.contains(&name) && !(is_basic && given(record, "kwargs/username"))
}

fn is_told(name: &str) -> bool {
    matches!(name, "response_type" | "scope")
}

/// The recorded query of the page.
fn recorded(record: &Value) -> Pairs {
    let url = record.maybe("authorization_url").unwrap_or_default();
    form(Url::split(url).query().as_bytes())
}

fn encoded(query: &[(String, String)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(query);
    form.finish()
}

fn change(value: &mut Value, change: impl FnOnce(&mut Pairs)) {
    let mut query = recorded(value);
    change(&mut query);
    let url = value.maybe("authorization_url").unwrap_or_default();
    let base = url.split('?').next().unwrap_or_default();
    value["authorization_url"] = format!("{base}?{}", encoded(&query)).into();
}

fn is_printed((name, value): &(String, String)) -> bool {
    let is_list = value.starts_with("['") && value.ends_with("']") && !value.contains(", ");
    matches!(&**name, "nonce" | "response_type") && is_list
}

/// Parameters of the given URL that have no value, and that nothing replaces.
fn blanks(record: &Value) -> Pairs {
    let url = record.maybe("args/0").unwrap_or_default();
    let mut blanks = form(Url::split(url).query().as_bytes());
    let known = recorded(record);
    blanks.retain(|(name, value)| value.is_empty() && field(&known, name).is_none());
    blanks
}

/// A scope that the record shows as a tuple.
fn tuple(record: &Value) -> Option<String> {
    let key = record.maybe("preimage_before_unicode_escape");
    let url = key.or_else(|| record.maybe("authorization_url"))?;
    let query = form(Url::split(url).query().as_bytes());
    let scope = field(&query, "scope")?;
    (scope.starts_with('(') && scope.ends_with(')')).then(|| scope.to_owned())
}
