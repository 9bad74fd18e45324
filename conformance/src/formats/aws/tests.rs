//! The judges themselves: an example of the AWS General Reference passes, and each of its answers matters.

use crate::run::{End, tests::judged};
use serde_json::{Value, json};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// The request and the three steps of the General Reference.
fn example() -> (Value, Value, Value) {
    let request = json!({
        "method": "GET",
        "url": "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        "headers": [["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"]],
    });
    let context = json!({
        "access_key_id": "AKIDEXAMPLE", "secret_access_key": SECRET, "session_token": null,
        "service": "iam", "region": "us-east-1", "amz_date": "20150830T123600Z",
        "normalize_path": true, "double_uri_encode": true,
    });
    let expected = json!({
        "canonical_request": format!(
            "GET\n/\nAction=ListUsers&Version=2010-05-08\n\
             content-type:application/x-www-form-urlencoded; charset=utf-8\nhost:iam.amazonaws.com\n\
             x-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\n{EMPTY}"
        ),
        "string_to_sign": "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
             f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59",
        "signature": "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "payload_hash": EMPTY,
        "signed_headers": ["content-type", "host", "x-amz-date"],
    });
    (request, context, expected)
}

fn random(request: &Value, context: &Value, expected: &Value) -> (End, String) {
    let file = json!({
        "format": "sigv4-botocore-random/1",
        "documented": [{
            "id": "iam", "kind": "doc-header", "request": request, "context": context, "expected": expected,
        }],
    });
    judged(&file.to_string())
}

#[test]
fn the_example_of_the_general_reference_passes_and_every_answer_matters() {
    let (request, context, expected) = example();
    let (end, out) = random(&request, &context, &expected);
    assert_eq!(end, End::Passed, "{out}");
    for field in [
        "canonical_request",
        "string_to_sign",
        "signature",
        "payload_hash",
    ] {
        let mut changed = expected.clone();
        changed[field] = expected[field].as_str().unwrap().replace('5', "6").into();
        assert_eq!(
            random(&request, &context, &changed).0,
            End::Failed,
            "{field}"
        );
    }
    let mut changed = expected.clone();
    changed["signed_headers"] = json!(["host", "x-amz-date"]);
    assert_eq!(random(&request, &context, &changed).0, End::Failed);
    let mut other = context.clone();
    other["secret_access_key"] = "another".into();
    assert_eq!(random(&request, &other, &expected).0, End::Failed);
}

#[test]
fn a_suite_is_judged_in_both_forms_and_what_is_unknown_fails() {
    let (request, context, expected) = example();
    let mut request = request;
    request["uri"] = "/?Action=ListUsers&Version=2010-05-08".into();
    request.as_object_mut().unwrap().remove("url");
    let headers = request["headers"].as_array_mut().unwrap();
    headers.push(json!(["Host", "iam.amazonaws.com"]));
    let suite = |form: &str, expected: &Value| {
        let file = json!({
            "format": "aws-sigv4-suite/1",
            "cases": [{
                "id": "iam", "suite": "own", "algorithm": "AWS4-HMAC-SHA256",
                "request": request, "context": context, "expected": {form: expected},
            }],
        });
        judged(&file.to_string())
    };
    let (end, out) = suite("header", &expected);
    assert_eq!(end, End::Passed, "{out}");
    assert_eq!(suite("query", &expected).0, End::Failed);
    assert_eq!(suite("cookie", &expected).0, End::Failed);
    assert_eq!(suite("header", &json!({})).0, End::Failed);
    for unknown in [
        json!({"format": "sigv4-botocore-random/1", "new_part": [{"id": "x"}]}),
        json!({"format": "sigv4-botocore-random/1", "cases": "text"}),
        json!({"format": "sigv4-botocore-random/1", "cases": [{"id": "x", "kind": "cookie"}]}),
        json!({"format": "aws-sigv4-suite/1", "cases": [{"id": "x", "expected": {}}]}),
    ] {
        let (end, out) = judged(&unknown.to_string());
        assert_eq!(end, End::Failed, "{unknown}: {out}");
    }
}

/// httpx_auth's own first test, by hand: `POST https://authorized_only` at its frozen time.
#[test]
fn what_no_server_accepts_has_to_be_refused() {
    let file = |service: &str, agrees: bool, signature: &str| {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=access_id/20181011/us-east-1/{service}/aws4_request, \
             SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"
        );
        let file = json!({
            "library": "httpx_auth", "botocore": "any",
            "vectors": [{
                "name": "own", "frozen_time": "2018-10-11T15:05:05.663979+00:00",
                "auth": {
                    "access_id": "access_id", "secret_key": SECRET, "region": "us-east-1", "service": service,
                    "security_token": null, "include_headers": [],
                },
                "wire": {
                    "method": "POST", "scheme": "https", "authority": "authorized_only", "target": "/",
                    "headers": [["Host", "authorized_only"], ["Accept", "*/*"]],
                },
                "body": {"hex": ""},
                "expected": {
                    "authorization": authorization, "x-amz-date": "20181011T150505Z", "x-amz-content-sha256": EMPTY,
                },
                "signed_headers": "host;x-amz-content-sha256;x-amz-date",
                "botocore": {"agrees": agrees, "differs_in": []},
            }],
        });
        judged(&file.to_string()).0
    };
    let right = "ce708380ee69b1a9558b9b0dddd4d15f35a2a5e5ea3534b541247f1a746626db";
    assert_eq!(file("iam", true, right), End::Passed);
    assert_eq!(file("iam", true, EMPTY), End::Failed);
    assert_eq!(
        file("", true, right),
        End::Passed,
        "refused, as it has to be"
    );
}
