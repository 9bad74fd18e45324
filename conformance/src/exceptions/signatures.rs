//! Static schemes, and what is signed.

use super::{Exception, Ours, blames, given, has_control};
use crate::{
    formats::{
        httpx_auth_simple,
        oauth1_vectors::{Asked, Placement},
        oauth2_basic,
        url::Url,
    },
    record::{Read as _, Record},
    server::{field, form},
};
use serde_json::Value;
use tower_auth_core::{AuthError, ErrorKind};
use tower_auth_oauth1::{SignError, SignErrorKind};

const AWS4: &str = "httpx_auth_aws4";
const TOKEN: &str = "x-amz-security-token";
const OAUTH1: &str = "oauth1_vectors";

pub(super) const ALL: &[Exception] = &[
    Exception {
        name: "user name that Basic cannot carry",
        reason: "a user name with a colon, at which a server would split it, or with control characters is refused",
        source: "RFC 7617 section 2",
        covers: |record| forbidden(record) == Some("username"),
        ours: Ours::Refused(|error| blames(error, &["username"])),
    },
    Exception {
        name: "password that Basic cannot carry",
        reason: "a password with control characters is refused",
        source: "RFC 7617 section 2",
        covers: |record| forbidden(record) == Some("password"),
        ours: Ours::Refused(|error| blames(error, &["password"])),
    },
    Exception {
        name: "key that is none",
        reason: "a key that is empty, has control characters, or has blanks around it in a header is refused",
        source: "RFC 9110 section 5.5",
        covers: |record| forbidden(record) == Some("key"),
        ours: Ours::Refused(|error| blames(error, &["key"])),
    },
    Exception {
        name: "no key at all",
        reason: "Rust has no `None` where a `&str` belongs: this does not compile",
        source: "the signatures of HeaderApiKey::new and QueryApiKey::new",
        covers: |record| {
            let key = record.at("inputs/0/key");
            let is_none = key.map_or_else(|| record.name.ends_with("-none"), Value::is_null);
            record.format == "httpx_auth_simple" && record.name.starts_with("ctor-") && is_none
        },
        ours: Ours::Nothing,
    },
    Exception {
        name: "terms that overwrite each other",
        reason: "two terms of a sum that write the same name are refused; httpx_auth sends the last and drops the first silently",
        source: "the documentation of tower_auth_core::Sum and of Schemes::new",
        covers: |record| {
            record.format == "httpx_auth_simple" && httpx_auth_simple::collides(record)
        },
        ours: Ours::Refused(|error| blames(error, &["schemes"])),
    },
    Exception {
        name: "suite without an answer",
        reason: "the suite has the input and no answer",
        source: "aws-c-auth, tests/aws-signing-test-suite/v4a: the directories hold request.txt and context.json only",
        covers: |record| {
            let answers = record.at("expected").and_then(Value::as_object);
            record.maybe("suite") == Some("crt-v4a")
                && record.format == "aws_sigv4_suite"
                && answers.is_some_and(|answers| answers.is_empty())
        },
        ours: Ours::Nothing,
    },
    Exception {
        name: "error without a request",
        reason: "records an error of httpx or of Python's codecs, and no request that could be signed",
        source: "the vectors with `raises`: they have no `wire`",
        covers: |record| record.format == AWS4 && given(record, "raises") && !given(record, "wire"),
        ours: Ours::Nothing,
    },
    Exception {
        name: "names that no AWS server accepts",
        reason: "credentials and scopes that are empty, or would not be one part of the header, are refused",
        source: "the documentation of tower_auth_aws::Credentials and Signer",
        covers: |record| {
            let is_name = |text: &str| {
                let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
                !text.is_empty() && text.bytes().all(fits)
            };
            let text = |name: &str| record.maybe(&format!("auth/{name}")).unwrap_or_default();
            let id = text("access_id");
            let token = text("security_token");
            let secret = text("secret_key");
            record.format == AWS4
                && given(record, "wire")
                && (!is_name(text("service"))
                    || !is_name(text("region"))
                    || id.is_empty()
                    || !id.bytes().all(|b| b.is_ascii_graphic() && b != b',')
                    || secret.is_empty()
                    || has_control(secret)
                    || has_control(token)
                    || !token.is_ascii()
                    || token != token.trim())
        },
        ours: Ours::Refused(|error| {
            let names = [
                "access key ID",
                "region",
                "secret access key",
                "service",
                "session token",
            ];
            blames(error, &names)
        }),
    },
    Exception {
        name: "header that is none",
        reason: "a name with blanks or a value with control characters is no header, and http::Request cannot hold it",
        source: "RFC 9110 sections 5.1 and 5.5",
        covers: |record| {
            let headers = record.list("wire/headers").unwrap_or_default();
            let is_odd = |header: &Value| {
                let name = header.maybe("0").unwrap_or_default();
                let value = header.maybe("1").or_else(|| header.maybe("1/repeat"));
                !is_field(name, value.unwrap_or_default())
            };
            record.format == AWS4 && headers.iter().any(is_odd)
        },
        ours: Ours::Refused(|error| blames(error, &["header"])),
    },
    Exception {
        name: "session token of somebody else",
        reason: "a session token that is not of the credentials is taken off; httpx_auth signs with one that its keys do not have",
        source: "the documentation of tower_auth_aws::SignedAlready: what a caller put there is replaced",
        covers: |record| {
            let headers = record.list("wire/headers").unwrap_or_default();
            let is_token = |header: &Value| {
                let name = header.maybe("0").unwrap_or_default();
                name.eq_ignore_ascii_case(TOKEN)
            };
            let ours = record.maybe("auth/security_token").unwrap_or_default();
            record.format == AWS4 && headers.iter().any(is_token) && ours.is_empty()
        },
        ours: Ours::Otherwise(|value| {
            if let Some(expected) = value["expected"].as_object_mut() {
                expected.remove(TOKEN);
            }
            let without = |names: &str| {
                let names = names.split(';').filter(|name| *name != TOKEN);
                names.collect::<Vec<_>>().join(";")
            };
            let signed = value.maybe("signed_headers").unwrap_or_default().to_owned();
            let authorization = value.maybe("expected/authorization").unwrap_or_default();
            let authorization = authorization.replace(&signed, &without(&signed));
            value["expected"]["authorization"] = authorization.into();
            value["signed_headers"] = without(&signed).into();
            // Whose signature is another one, then.
            value["botocore"]["agrees"] = false.into();
        }),
    },
    Exception {
        name: "Host of another server",
        reason: "a `Host` that names another server than the URI is refused, since nobody can say who would get the credentials",
        source: "the documentation of tower_auth_core::SchemeExt::only_to",
        covers: |record| {
            asked(record).is_some_and(|asked| {
                let url = Url::split(&asked.url);
                let named = |host: &str| {
                    let url = format!("{}://{host}", url.scheme);
                    Url::split(&url).origin()
                };
                asked.host.is_some_and(|host| named(&host) != url.origin())
            })
        },
        ours: Ours::Refused(|error| {
            error.kind() == ErrorKind::Request && error.to_string().contains("`Host` header")
        }),
    },
    Exception {
        name: "parameters in no body",
        reason: "parameters do not go into the body of a request that has none; the recorded libraries rewrite the request",
        source: "RFC 5849 section 3.5.2",
        covers: |record| {
            asked(record)
                .is_some_and(|asked| asked.placement == Placement::Body && has_no_body(&asked))
        },
        ours: Ours::Refused(|error| is(error, SignErrorKind::NoBody)),
    },
    Exception {
        name: "parameters in no form",
        reason: "parameters go into a body only when it is a form; the recorded libraries rewrite it",
        source: "RFC 5849 section 3.5.2",
        covers: |record| {
            asked(record).is_some_and(|asked| {
                let kind = asked.content_type.as_deref().unwrap_or_default();
                let kind = kind.split(';').next().unwrap_or_default().trim();
                asked.placement == Placement::Body
                    && !has_no_body(&asked)
                    && !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
            })
        },
        ours: Ours::Refused(|error| is(error, SignErrorKind::NotAForm)),
    },
    Exception {
        name: "signature in a query",
        reason: "the recorded reference signs an `oauth_signature` of the query, which has to be left out; oauthlib leaves it out",
        source: "RFC 5849 section 3.4.1.3.1",
        covers: |record| {
            let url = record.maybe("case/url").unwrap_or_default();
            let query = form(Url::split(url).query().as_bytes());
            record.is(OAUTH1, "probes")
                && field(&query, "oauth_signature").is_some()
                && given(record, "oauthlib/signature")
        },
        ours: Ours::Otherwise(|value| {
            let oauthlib = value["oauthlib"].clone();
            for name in ["base_string", "signature"] {
                value["reference"][name] = oauthlib[name].clone();
            }
            // How they write the header is their own.
            value["reference"]["authorization"] = Value::Null;
            let parameters = value["reference"]["oauth_params"].as_array_mut();
            for pair in parameters.into_iter().flatten() {
                if pair[0] == "oauth_signature" {
                    pair[1] = oauthlib["signature"].clone();
                }
            }
        }),
    },
    Exception {
        name: "signature of nobody",
        reason: "neither the request nor the secrets of this signature are known, so that nobody can compute it",
        source: "the notes of these entries; RFC 5849 sections 3.4.1.3.1 and 3.5",
        covers: |record| {
            let from = record.maybe("where").unwrap_or_default();
            record.is(OAUTH1, "published/rfc5849_not_recomputable") && !from.contains("PLAINTEXT")
        },
        ours: Ours::Nothing,
    },
];

/// What our constructor has to refuse.
fn forbidden(record: &Record) -> Option<&'static str> {
    match (record.format, &*record.part) {
        ("httpx_auth_simple", _) => httpx_auth_simple::forbidden(record),
        ("oauth2_vectors", "basic/rfc7617") => {
            oauth2_basic::forbidden(record.maybe("user")?, record.maybe("password")?)
        }
        ("oauth2_vectors", "basic/rfc6749_client_secret_basic")
            if record.name.ends_with("/header_raw") =>
        {
            oauth2_basic::forbidden(record.maybe("client_id")?, record.maybe("client_secret")?)
        }
        _ => None,
    }
}

/// Whether this is a header.
fn is_field(name: &str, value: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let is_text = |c: char| c == '\t' || (' '..='\u{ff}').contains(&c) && c != '\u{7f}';
    !name.is_empty() && name.bytes().all(is_token) && value.chars().all(is_text)
}

fn asked(record: &Record) -> Option<Asked> {
    let is_whole = ["random", "random_hard", "probes"].contains(&&*record.part);
    let entry = record.at("case").unwrap_or(record);
    Asked::read(entry)
        .ok()
        .filter(|_| record.format == OAUTH1 && is_whole)
}

fn has_no_body(asked: &Asked) -> bool {
    matches!(&*asked.method, "GET" | "HEAD")
}

fn is(error: &AuthError, why: SignErrorKind) -> bool {
    SignError::of(error).map(SignError::kind) == Some(why)
}
