//! The part `basic`: user names and passwords (RFC 7617), client identifiers and secrets (RFC 6749 section 2.3.1).

use super::{NAME, entries};
use crate::{
    case::{Case, Verdict},
    wire::send,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Request, header::AUTHORIZATION};
use serde::Deserialize;
use serde_json::{Map, Value};
use tower_auth_core::{AuthError, Basic, ErrorKind};

pub(super) fn cases(part: &Value) -> Vec<Case> {
    entries(part)
        .flat_map(|(group, content)| match group.as_str() {
            "rfc7617" => each(&group, content, user),
            "rfc6749_client_secret_basic" => each(&group, content, client),
            "rfc6749_appendix_b" => vec![form_encoding(id(&group), content)],
            _ => vec![Case::unknown(id(&group), "nothing judges this group")],
        })
        .collect()
}

fn id(name: &str) -> String {
    format!("{NAME}/basic/{name}")
}

/// A case for each recorded header of each entry.
fn each(
    group: &str,
    content: &Value,
    case: fn(String, &Map<String, Value>, &str, String) -> Case,
) -> Vec<Case> {
    let cases = entries(content).flat_map(|(index, entry)| {
        let id = id(&format!("{group}/{index}"));
        let Value::Object(entry) = entry else {
            return vec![Case::unknown(id, "is not an object")];
        };
        let mut headers = entry
            .iter()
            .filter(|(field, _)| field.starts_with("header"))
            .peekable();
        if headers.peek().is_none() {
            return vec![Case::unknown(id, "records no header")];
        }
        headers
            .map(|(field, value)| {
                let id = match field.as_str() {
                    "header" => id.clone(),
                    _ => format!("{id}/{field}"),
                };
                match value {
                    Value::String(header) => case(id, entry, field, header.clone()),
                    _ => Case::unknown(id, "its header is not a text"),
                }
            })
            .collect()
    });
    cases.collect()
}

/// RFC 7617: user name and password as they are.
fn user(id: String, entry: &Map<String, Value>, field: &str, header: String) -> Case {
    #[derive(Deserialize)]
    struct User {
        user: String,
        password: String,
        charset: Option<String>,
    }
    let User {
        user,
        password,
        charset,
    } = match serde_json::from_value(entry.clone().into()) {
        Ok(user) => user,
        Err(error) => return Case::unknown(id, error.to_string()),
    };
    match (field, charset.as_deref()) {
        ("header", charset) if charset.is_none_or(|name| name.eq_ignore_ascii_case("UTF-8")) => {
            Case::new(id, async move { raw(&user, &password, &header).await })
        }
        ("header", charset) => Case::unknown(id, format!("unknown charset {charset:?}")),
        _ => Case::unknown(id, "unknown kind of header"),
    }
}

/// RFC 6749 section 2.3.1: identifier and secret form-encoded, or raw for servers that want it so.
fn client(id: String, entry: &Map<String, Value>, field: &str, header: String) -> Case {
    #[derive(Deserialize)]
    struct Client {
        client_id: String,
        client_secret: String,
    }
    let Client {
        client_id,
        client_secret,
    } = match serde_json::from_value(entry.clone().into()) {
        Ok(client) => client,
        Err(error) => return Case::unknown(id, error.to_string()),
    };
    match field {
        "header" | "header_form_encoded" => Case::new(id, async move {
            form_encoded(Basic::for_client(&client_id, &client_secret), &header).await
        }),
        "header_raw" => Case::new(
            id,
            async move { raw(&client_id, &client_secret, &header).await },
        ),
        _ => Case::unknown(id, "unknown kind of header"),
    }
}

/// RFC 6749 appendix B, seen through the one place where we use it: an identifier without a secret.
fn form_encoding(id: String, content: &Value) -> Case {
    #[derive(Deserialize)]
    struct Encoding {
        value: String,
        form_encoded: String,
    }
    let Encoding {
        value,
        form_encoded: encoded,
    } = match serde_json::from_value(content.clone()) {
        Ok(encoding) => encoding,
        Err(error) => return Case::unknown(id, error.to_string()),
    };
    let header = format!("Basic {}", STANDARD.encode(format!("{encoded}:")));
    Case::new(id, async move {
        form_encoded(Basic::for_client(&value, ""), &header).await
    })
}

async fn raw(user: &str, password: &str, header: &str) -> Verdict {
    let forbidden = if user.contains(':') {
        Some("username")
    } else {
        [("username", user), ("password", password)]
            .into_iter()
            .find(|(_, text)| text.chars().any(|c| c.is_ascii_control()))
            .map(|(name, _)| name)
    };
    match (Basic::new(user, password), forbidden) {
        (Ok(_), Some(parameter)) => Verdict::Differs(format!(
            "RFC 7617 forbids this {parameter}, and it was taken"
        )),
        (Err(error), Some(parameter)) => {
            if (error.kind(), error.parameter()) != (ErrorKind::Configuration, Some(parameter)) {
                return Verdict::Differs(format!("refused, but not for its {parameter}: {error}"));
            }
            // Nothing of ours is left to compare; the record has to be what it says nevertheless.
            let encoded = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            same(encoded.as_bytes(), header).into()
        }
        (Ok(basic), None) => match sent(basic).await {
            Ok(value) => same(&value, header).into(),
            Err(error) => Verdict::Differs(error.to_string()),
        },
        (Err(error), None) => Verdict::Refused(error.to_string()),
    }
}

async fn form_encoded(basic: Result<Basic, AuthError>, header: &str) -> Verdict {
    let basic = match basic {
        Ok(basic) => basic,
        Err(error) => return Verdict::Refused(error.to_string()),
    };
    let value = match sent(basic).await {
        Ok(value) => value,
        Err(error) => return Verdict::Differs(error.to_string()),
    };
    match same(&value, header) {
        Err(_)
            if undisputed(&value)
                .is_some_and(|ours| Some(ours) == undisputed(header.as_bytes())) =>
        {
            Verdict::Agrees
        }
        compared => compared.into(),
    }
}

/// The credentials with `~` and `*` encoded, about which encoders of forms disagree, and decoders do not.
fn undisputed(header: &[u8]) -> Option<String> {
    let pair = STANDARD.decode(header.strip_prefix(b"Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    Some(pair.replace('~', "%7E").replace('*', "%2A"))
}

/// The `Authorization` that goes out.
async fn sent(basic: Basic) -> Result<Vec<u8>, AuthError> {
    let mut request = Request::new(());
    *request.uri_mut() = http::Uri::from_static("https://server.example/token");
    let request = send(basic, request).await?;
    let values: Vec<_> = request.headers().get_all(AUTHORIZATION).iter().collect();
    Ok(values
        .iter()
        .flat_map(|value| value.as_bytes())
        .copied()
        .collect())
}

fn same(ours: &[u8], header: &str) -> Result<(), String> {
    if ours == header.as_bytes() {
        return Ok(());
    }
    let ours = String::from_utf8_lossy(ours);
    Err(format!("ours {ours:?}, recorded {header:?}"))
}

#[cfg(test)]
mod tests {
    use crate::{
        exceptions::Exceptions,
        run::{End, tests::judged},
    };
    use serde_json::{Value, json};

    const RECORDED: &str = include_str!("../../../tests/recorded/oauth2_basic.json");

    fn basic(part: Value) -> (End, String) {
        let file = json!({"_about": "own", "basic": part});
        judged(&file.to_string(), &Exceptions::default())
    }

    #[test]
    fn our_credentials_are_those_that_httpx_and_msal_send() {
        let (end, out) = judged(RECORDED, &Exceptions::default());
        assert_eq!(end, End::Passed, "{out}");
        assert!(out.ends_with(" passed, 0 failed, 0 skipped\n"), "{out}");
    }

    #[test]
    fn every_recorded_answer_matters() {
        let file: Value = serde_json::from_str(RECORDED).unwrap();
        let answers = |entry: &Value| -> Vec<String> {
            let fields = entry.as_object().unwrap().keys();
            let answers = fields.filter(|f| f.starts_with("header") || *f == "form_encoded");
            answers.cloned().collect()
        };
        let mut tried = 0;
        for group in ["rfc7617", "rfc6749_client_secret_basic"] {
            let entries = file["basic"][group].as_array().unwrap();
            for (index, entry) in entries.iter().enumerate() {
                for field in answers(entry) {
                    let mut file = file.clone();
                    let answer = &mut file["basic"][group][index][&field];
                    let text = answer.as_str().unwrap();
                    // Another first letter of the credentials is still base64.
                    *answer = text.replacen("Basic ", "Basic A", 1)[..text.len()].into();
                    let (end, out) = judged(&file.to_string(), &Exceptions::default());
                    assert_eq!(end, End::Failed, "{group} {index} {field}: {out}");
                    assert_eq!(out.matches("FAIL").count(), 1, "{out}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 20);
        let mut file = file;
        file["basic"]["rfc6749_appendix_b"]["form_encoded"] = "+%25".into();
        assert_eq!(
            judged(&file.to_string(), &Exceptions::default()).0,
            End::Failed
        );
    }

    #[test]
    fn a_colon_in_a_user_name_has_to_be_refused() {
        // "a:b" and "c", joined.
        let (end, out) = basic(json!({"rfc7617": [
            {"user": "a:b", "password": "c", "header": "Basic YTpiOmM="},
        ]}));
        assert_eq!(end, End::Passed, "{out}");
        let (end, _) = basic(json!({"rfc6749_client_secret_basic": [
            {"client_id": "a:b", "client_secret": "c", "header_raw": "Basic YTpiOmQ="},
        ]}));
        assert_eq!(end, End::Failed);
    }

    #[test]
    fn tilde_and_asterisk_may_be_encoded_or_not_and_nothing_else() {
        let header = |pair: &str| {
            use base64::{Engine as _, engine::general_purpose::STANDARD};
            json!({"rfc6749_client_secret_basic": [{
                "client_id": "a~*", "client_secret": "b c",
                "header_form_encoded": format!("Basic {}", STANDARD.encode(pair)),
            }]})
        };
        for good in ["a~*:b+c", "a%7E%2A:b+c", "a%7E*:b+c"] {
            assert_eq!(basic(header(good)).0, End::Passed, "{good}");
        }
        for bad in ["a~*:b%20c", "%61~*:b+c", "a~:b+c", "a~*:b c"] {
            assert_eq!(basic(header(bad)).0, End::Failed, "{bad}");
        }
    }

    #[test]
    fn what_is_not_known_fails() {
        for unknown in [
            json!({"rfc7616": [{"user": "a", "password": "b", "header": "Digest"}]}),
            json!({"rfc7617": [{"user": "a", "password": "b"}]}),
            json!({"rfc7617": [{"user": "a", "password": "b", "header_latin1": "Basic YTpi"}]}),
            json!({"rfc7617": [{"user": "a", "password": "b", "header": "Basic YTpi", "charset": "x"}]}),
            json!({"rfc7617": [{"user": "a", "header": "Basic YTpi"}]}),
            json!({"rfc7617": [{"user": "a", "password": "b", "header": null}]}),
            json!({"rfc7617": ["text"]}),
            json!({"rfc6749_client_secret_basic": [
                {"client_id": "a", "client_secret": "b", "header_other": "Basic YTpi"},
            ]}),
            json!({"rfc6749_appendix_b": {"value": "a"}}),
            json!("text"),
        ] {
            let (end, out) = basic(unknown.clone());
            assert_eq!(end, End::Failed, "{unknown}");
            assert!(
                out.contains("0 passed, 1 failed, 0 skipped"),
                "{unknown}: {out}"
            );
        }
    }
}
