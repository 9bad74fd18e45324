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
