//! What the RFCs say passes, and anything else fails.

use crate::run::{
    End,
    tests::{judged, matters},
};
use serde_json::{Value, json};

const RECORDED: &str = include_str!("../../../tests/recorded/oauth2_basic.json");

#[test]
fn a_part_that_nothing_judges_fails() {
    let file = json!({"rfc7636_pkce": {"one": {}}, "rfc0_new": ["two", {}]});
    let (end, out) = judged(&file.to_string());
    assert_eq!(end, End::Failed);
    assert!(out.contains("FAIL oauth2_vectors/rfc0_new/0: "), "{out}");
    assert!(out.ends_with("0 passed, 3 failed, 0 skipped\n"), "{out}");
}

#[test]
fn what_the_rfcs_say_passes_and_every_answer_matters() {
    let url = |list: &str| json!({"loopback_and_https_rules": {list: ["http://as.example/"]}});
    matters(&url("refuse"), &[]);
    assert_eq!(judged(&url("allow_plain_http").to_string()).0, End::Failed);
    let parsed = json!([{"scheme": "A", "params": {}}, {"scheme": "B", "params": {"c": "d"}}]);
    matters(
        &json!({"rfc6750_www_authenticate": [{"header": "A, B c=d", "parsed": parsed}]}),
        &[("/rfc6750_www_authenticate/0/parsed/1/params/c", json!("e"))],
    );
    matters(
        &json!({"rfc8414_metadata": {"reject": [{"fetched_for": "https://a", "issuer_in_document": "https://b"}]}}),
        &[(
            "/rfc8414_metadata/reject/0/issuer_in_document",
            json!("https://a"),
        )],
    );
    let quirk = json!({"body": "{\"access_token\":\"a\",\"expires_in\":\"7\"}", "expect": {"expires_in": 7}});
    matters(
        &json!({"rfc6749_token_response": {"quirks_seen_in_the_wild": [quirk]}}),
        &[(
            "/rfc6749_token_response/quirks_seen_in_the_wild/0/expect/expires_in",
            json!(8),
        )],
    );
    let code = json!({
        "device_code": "d", "user_code": "u", "verification_uri": "https://v", "expires_in": 99, "interval": 3,
    });
    matters(
        &json!({"rfc8628_device": {
            "response": code, "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "poll_rules": [{"error": "slow_down", "do": "interval += 5"}, {"error": "access_denied", "do": "stop"}],
        }}),
        &[
            ("/rfc8628_device/grant_type", json!("device_code")),
            ("/rfc8628_device/poll_rules/0/do", json!("wait interval")),
            ("/rfc8628_device/poll_rules/1/do", json!("interval += 5")),
        ],
    );
    matters(
        &json!({"rfc6749_examples": {"password_body": "grant_type=password&username=u&password=p"}}),
        &[(
            "/rfc6749_examples/password_body",
            json!("grant_type=password&username=u&password=p&scope=s"),
        )],
    );
    matters(
        &json!({"rfc7636_pkce": {"appendix_b": {
            "octets": [116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
                214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121],
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "method": "S256",
        }}}),
        &[
            ("/rfc7636_pkce/appendix_b/octets/0", json!(117)),
            ("/rfc7636_pkce/appendix_b/code_challenge", json!("e")),
            ("/rfc7636_pkce/appendix_b/method", json!("plain")),
        ],
    );
    let iss = |iss: &str, result: &str| json!({"advertised": true, "iss": iss, "result": result});
    matters(
        &json!({"rfc9207_iss": {"issuer": "https://as.example", "matrix": [iss("match", "accept"), iss("absent", "reject")]}}),
        &[
            ("/rfc9207_iss/matrix/0/result", json!("reject")),
            ("/rfc9207_iss/matrix/1/result", json!("accept")),
            ("/rfc9207_iss/matrix/0/iss", json!("mismatch")),
        ],
    );
}

#[test]
fn our_credentials_are_those_that_httpx_and_msal_send_and_every_recorded_answer_matters() {
    let file: Value = serde_json::from_str(RECORDED).unwrap();
    matters(
        &file,
        &[("/basic/rfc6749_appendix_b/form_encoded", json!("+%25"))],
    );
    let mut tried = 0;
    for group in ["rfc7617", "rfc6749_client_secret_basic"] {
        for (index, entry) in file["basic"][group].as_array().unwrap().iter().enumerate() {
            for (field, value) in entry.as_object().unwrap() {
                if !field.starts_with("header") {
                    continue;
                }
                let mut file = file.clone();
                let text = value.as_str().unwrap();
                // Another first letter of the credentials is still base64.
                let other = &text.replacen("Basic ", "Basic A", 1)[..text.len()];
                file["basic"][group][index][field] = other.into();
                let (end, out) = judged(&file.to_string());
                assert_eq!(end, End::Failed, "{group} {index} {field}: {out}");
                assert_eq!(out.matches("FAIL").count(), 1, "{out}");
                tried += 1;
            }
        }
    }
    assert!(tried > 20);
}

fn basic(part: Value) -> (End, String) {
    judged(&json!({"_about": "own", "basic": part}).to_string())
}

#[test]
fn a_colon_in_a_user_name_has_to_be_refused_and_the_record_to_agree_with_itself() {
    // "a:b" and "c", joined.
    let entry = json!({"user": "a:b", "password": "c", "header": "Basic YTpiOmM="});
    matters(
        &json!({"basic": {"rfc7617": [entry]}}),
        &[("/basic/rfc7617/0/header", json!("Basic YTpiOmQ="))],
    );
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
