use super::*;

fn error(status: u16, code: Option<&str>) -> TokenError {
    let mut fields = serde_json::Map::new();
    if let Some(code) = code {
        fields.insert("error".to_owned(), code.into());
    }
    let status = StatusCode::from_u16(status).unwrap();
    let response = ErrorResponse::from_fields(status, None, fields.into());
    What::Response(Box::new(response)).into()
}

fn text(status: u16, body: &str) -> TokenError {
    let status = StatusCode::from_u16(status).unwrap();
    let response = ErrorResponse::from_text(status, None, body, body.starts_with('<'));
    What::Response(Box::new(response)).into()
}

#[test]
fn only_an_error_about_the_grant_is_a_refusal_and_no_page_of_a_gateway() {
    for (status, code) in [
        (400, "invalid_grant"),
        (401, "invalid_grant"),
        (403, "invalid_code"),      // glewlwyd
        (200, "bad_refresh_token"), // GitHub
        (404, "invalid_grant"),
        (400, "interaction_required"),
    ] {
        assert!(error(status, Some(code)).is_refusal(), "{status} {code:?}");
    }
    for (status, code) in [
        (400, None),
        (401, None),
        (403, None),
        (401, Some("invalid_client")),
        (403, Some("Forbidden")), // Spring Boot, of any path
        (401, Some("Unauthorized")),
        (400, Some("invalid_request")),
        (200, Some("incorrect_client_credentials")),
        (400, Some("temporarily_unavailable")),
        (404, None),
        (407, None),
        (429, None),
        (500, Some("invalid_grant")),
        (503, None),
    ] {
        assert!(!error(status, code).is_refusal(), "{status} {code:?}");
    }
    for status in [400, 401, 403] {
        for body in ["", "<html>Forbidden</html>", "Forbidden"] {
            assert!(!text(status, body).is_refusal(), "{status} {body}");
        }
    }
}

#[test]
fn a_text_is_one_line_with_address_and_remedy_and_without_the_words_of_the_rfc() {
    let uri: http::Uri = "https://as.example/token?key=secret".parse().unwrap();
    let shown = error(401, Some("invalid_client")).at(&uri).to_string();
    assert!(
        shown.starts_with("https://as.example/token answered 401 invalid_client; check"),
        "{shown}"
    );
    assert!(shown.contains("ClientAuth::basic_raw") && shown.len() < 250);
    let shown = text(403, "").at(&uri).to_string();
    assert!(shown.contains("403 without saying why; check") && shown.contains("ClientAuth::post"));
    let shown = text(404, "<html>").at(&uri).to_string();
    assert!(shown.contains("https://as.example/token answered 404"));
}

#[test]
fn no_text_of_a_server_begins_a_line() {
    for forged in [
        "a\nERROR forged",
        "a\r\nb",
        "a\u{2028}b",
        "a\u{85}b",
        "a\u{202e}b",
        "a\u{1b}[2Jb",
    ] {
        let mut fields = serde_json::Map::new();
        for name in ["error", "error_description", "error_uri", "x", forged] {
            fields.insert(name.to_owned(), forged.into());
        }
        let response = ErrorResponse::from_fields(StatusCode::BAD_REQUEST, None, fields.into());
        let errors: [TokenError; 4] = [
            What::Response(Box::new(response)).into(),
            text(400, forged),
            What::TokenType(forged.to_owned()).into(),
            What::IssuerMismatch {
                named: Some(forged.to_owned()),
            }
            .into(),
        ];
        for error in errors {
            let shown = error.to_string();
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
            assert!(!shown.contains(['\u{2028}', '\u{202e}']), "{shown:?}");
        }
    }
}

#[test]
fn an_error_is_found_through_its_sources() {
    let auth = error(400, Some("invalid_grant")).into_auth("no token could be had");
    let outer = AuthError::new(ErrorKind::Credentials, "outer").with_source(auth);
    let found = TokenError::of(&outer).unwrap();
    assert_eq!(found.code(), Some(ErrorCode::InvalidGrant));
    assert_eq!(found.kind(), TokenErrorKind::Response);
    assert_eq!(found.status(), Some(StatusCode::BAD_REQUEST));
    assert_eq!(outer.status(), Some(StatusCode::BAD_REQUEST));
    assert!(!outer.is_transient());
    let down = error(503, None).into_auth("no token could be had");
    assert!(down.is_transient());
    let other = AuthError::new(ErrorKind::Credentials, "x");
    assert!(TokenError::of(&other).is_none());
}

#[test]
fn every_code_has_its_name() {
    for code in [
        ErrorCode::InvalidGrant,
        ErrorCode::UseDpopNonce,
        ErrorCode::LoginRequired,
    ] {
        assert_eq!(ErrorCode::from_name(code.name()), Some(code));
    }
    assert_eq!(ErrorCode::from_name("Invalid_Grant"), None);
}

/// Every [`What`] but those of a browser, and what its text advises.
fn every() -> Vec<(What, &'static str)> {
    let response = |status: u16, code: &str| {
        let fields = serde_json::Map::from_iter([("error".to_owned(), code.into())]);
        let status = StatusCode::from_u16(status).unwrap();
        What::Response(Box::new(ErrorResponse::from_fields(
            status,
            None,
            fields.into(),
        )))
    };
    vec![
        (response(400, "invalid_grant"), "log in again"),
        (
            response(401, "invalid_client"),
            "check the client's id and secret",
        ),
        (response(400, "invalid_scope"), "check `scope`"),
        (
            response(400, "unauthorized_client"),
            "have this grant allowed",
        ),
        (
            response(400, "unsupported_grant_type"),
            "have this grant allowed",
        ),
        (response(400, "expired_token"), "log in again"),
        (response(400, "invalid_dpop_proof"), "clock"),
        (response(400, "use_dpop_nonce"), "try again"),
        (response(503, "temporarily_unavailable"), "try again later"),
        (
            What::Malformed {
                status: StatusCode::OK,
                why: "no JSON object",
            },
            "is this the URL",
        ),
        (What::TokenType("mac".into()), "`bearer_token_type`"),
        (What::ScopeNotGranted("write".into()), "ask for less"),
        (What::DeviceCodeExpired, "`clear`"),
        (What::InteractionRequired, "has to log in"),
        (What::RefreshTokenReplaced, "log in"),
        (
            What::IssuerMismatch {
                named: Some("https://other".into()),
            },
            "configure it exactly so",
        ),
        (What::IssuerMismatch { named: None }, "is this the document"),
        (What::NoEndpoint("token_endpoint"), "configure its URL"),
        (
            What::InsecureEndpoint("token_endpoint"),
            "configure an https URL",
        ),
        (
            What::Request(AuthError::configuration("key", "is encrypted; decrypt it")),
            "decrypt it",
        ),
    ]
}

#[test]
fn every_error_is_one_line_with_the_cause_and_the_remedy() {
    let uri: http::Uri = "https://as.example/token?key=planted".parse().unwrap();
    #[allow(unused_mut)]
    let mut every = every();
    #[cfg(feature = "browser")]
    {
        let fields = serde_json::Map::from_iter([("error".to_owned(), "access_denied".into())]);
        let response = ErrorResponse::from_fields(StatusCode::OK, None, fields.into());
        let named = Some("https://other".to_owned());
        every.extend([
            (What::Authorization(Box::new(response)), "`clear`"),
            (What::Answer("nothing"), "`clear`"),
            (What::AnswerOfOther { named }, "name it exactly so"),
            (What::AnswerOfOther { named: None }, "log in again"),
            (What::Nonce, "log in again"),
        ]);
    }
    for (what, remedy) in every {
        let error = TokenError::from(what).at(&uri);
        // As it is, and as the error of a request.
        check(&error, remedy);
        check(&error.into_auth("no token could be had"), remedy);
    }
}

/// One line that names the cause and the remedy, and does not only repeat what is behind it.
fn check(error: &dyn StdError, remedy: &str) {
    let text = error.to_string();
    assert!(
        !text.contains(char::is_control) && !text.ends_with('.'),
        "{text}"
    );
    assert!(text.contains(remedy) && !text.contains("planted"), "{text}");
    let source = error.source().map(ToString::to_string);
    assert_ne!(source.as_ref(), Some(&text));
}
