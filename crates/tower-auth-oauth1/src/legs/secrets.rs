//! What is said on a leg and must not be repeated in an error.

use crate::{TokenCredentials, Verifier, escape};
use http::Request;
use serde_json::Value;
use std::borrow::Cow;
use tower_auth_core::Secret;
use tower_auth_http::{Body, Redactor, is_secret_name};

/// Both: some servers take a token alone.
pub(super) fn credentials(credentials: &TokenCredentials, redactor: &mut Redactor) {
    redactor.secret(&credentials.token().into());
    redactor.secret(credentials.secret());
}

/// What a signed request says, wherever the parameters stand.
pub(super) fn sent(client_secret: &Secret, request: &Request<Body>) -> Redactor {
    let mut redactor = Redactor::new();
    redactor.secret(client_secret);
    if let Some(token) = request.extensions().get::<TokenCredentials>() {
        credentials(token, &mut redactor);
    }
    if let Some(verifier) = request.extensions().get::<Verifier>() {
        redactor.secret(&verifier.as_str().into());
    }
    if let Some(header) = request.headers().get(http::header::AUTHORIZATION) {
        received_form(&String::from_utf8_lossy(header.as_bytes()), &mut redactor);
    }
    received_form(request.uri().query().unwrap_or_default(), &mut redactor);
    received_form(
        &String::from_utf8_lossy(request.body().bytes()),
        &mut redactor,
    );
    redactor
}

/// The values of a form or a header, by their names; and those that a text for people quotes, or that stand within the
/// value of another.
pub(super) fn received_form(text: &str, redactor: &mut Redactor) {
    receive_form(text, true, redactor);
}

fn receive_form(text: &str, may_quote: bool, redactor: &mut Redactor) {
    let mut receive = |piece: &str| {
        let Some((name, value)) = piece.split_once('=') else {
            return;
        };
        let value = escape::decode_form(value.trim_matches('"').as_bytes());
        let value = String::from_utf8_lossy(&value);
        if says_secret(name) {
            redactor.secret(&Secret::from(&*value));
        } else if may_quote {
            receive_form(&value, false, redactor);
        }
    };
    for piece in text.split(|c: char| c.is_whitespace() || matches!(c, '&' | ',')) {
        receive(piece);
        // It may separate, or belong to a value that nobody escaped.
        if piece.contains(';') {
            piece.split(';').for_each(&mut receive);
        }
    }
}

/// Texts and numbers, and whatever stands within what has the name of a secret.
pub(super) fn received_json(value: &Value, redactor: &mut Redactor) {
    receive(value, false, redactor);
}

fn receive(value: &Value, is_secret: bool, redactor: &mut Redactor) {
    let text = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                receive(value, is_secret || says_secret(name), redactor);
            }
            return;
        }
        Value::Array(values) => {
            for value in values {
                receive(value, is_secret, redactor);
            }
            return;
        }
        Value::String(text) => {
            received_form(text, redactor);
            Cow::Borrowed(text.as_str())
        }
        Value::Number(number) => number.to_string().into(),
        Value::Null | Value::Bool(_) => return,
    };
    if is_secret {
        redactor.secret(&Secret::from(&*text));
    }
}

/// Not so the client's identifier (`oauth_consumer_key`), the method of the signature, and codes of errors.
fn says_secret(name: &str) -> bool {
    const WORDS: [&str; 8] = [
        "token",
        "secret",
        "verifier",
        "signature",
        "password",
        "session",
        "credential",
        "cookie",
    ];
    let name = name.to_ascii_lowercase();
    is_secret_name(&name)
        && !name.ends_with("_method")
        && WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_secret_by_their_names_wherever_they_stand() {
        let mut redactor = Redactor::new();
        received_form(
            "OAuth oauth_consumer_key=\"identifier\", oauth_signature_method=\"HMAC-SHA1\", oauth_token=\"first%2Fone\", \
             oauth_signature=\"second%2Bone%3D\"",
            &mut redactor,
        );
        received_form("a=plain&oauth_token_secret=third+one", &mut redactor);
        received_form(
            "a=plain;oauth_token=fifth-one\noauth_token=sixth;one&m=got+oauth_token%3Dseventh-one",
            &mut redactor,
        );
        let json = serde_json::json!({
            "errors": [{"code": 32, "message": "plain"}],
            "data": {"tokens": ["fourth-one", 12345678]},
        });
        received_json(&json, &mut redactor);
        for secret in [
            "first/one",
            "second+one=",
            "third one",
            "fourth-one",
            "12345678",
            "fifth-one",
            "sixth;one",
            "seventh-one",
        ] {
            assert!(redactor.finds(secret), "{secret}");
        }
        for text in ["identifier", "HMAC-SHA1", "plain", "32"] {
            assert!(!redactor.finds(text), "{text}");
        }
    }
}
