//! `aws_sigv4_suite.json` and `aws_sigv4a_suite.json`: the test suites of the AWS SDKs.

use super::{Context, Recorded, judge, read};
use crate::{case::Case, formats::Format};
use serde_json::{Map, Value};
use tower_auth_aws::PayloadHash;

pub(crate) struct Suite;

impl Format for Suite {
    fn name(&self) -> &'static str {
        "aws_sigv4_suite"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        matches!(
            file.get("format").and_then(Value::as_str),
            Some("aws-sigv4-suite/1" | "aws-sigv4a-suite/1")
        )
    }

    fn cases(&self, file: &Map<String, Value>) -> Vec<Case> {
        let cases = file.get("cases").and_then(Value::as_array);
        cases
            .into_iter()
            .flatten()
            .flat_map(|case| {
                let name = case
                    .get("id")
                    .and_then(Value::as_str)
                    .unwrap_or("without id");
                let v4a =
                    case.get("algorithm").and_then(Value::as_str) == Some("AWS4-ECDSA-P256-SHA256");
                let id = format!("aws_sigv4_suite/{name}");
                let expected = case.get("expected").and_then(Value::as_object);
                let forms: Vec<_> = expected.into_iter().flatten().collect();
                if forms.is_empty() {
                    return vec![Case::unknown(id, "records no answer")];
                }
                forms
                    .into_iter()
                    .map(|(form, expected)| {
                        let id = format!("{id}/{form}");
                        let judged = judge_form(case, form, expected, v4a);
                        Case::new(id, async move { judged.into() })
                    })
                    .collect()
            })
            .collect()
    }
}

fn judge_form(case: &Value, form: &str, expected: &Value, v4a: bool) -> Result<(), String> {
    let mut context: Context = read(&case["context"])?;
    let recorded: Recorded = read(&case["request"])?;
    let mut expected = expected.clone();
    for (field, coordinate) in [("public_x", "X"), ("public_y", "Y")] {
        expected[field] = case["public_key"][coordinate].clone();
    }
    let expected = read(&expected)?;
    if recorded.is_raw() {
        context.double_uri_encode = Some(false); // it was encoded once, to be a URI at all
    }
    context.never_signed_headers = Some(Vec::new());
    let crt = case["suite"]
        .as_str()
        .is_some_and(|suite| suite.starts_with("crt"));
    context.add_content_sha256_header =
        Some(form == "header" && crt && context.sign_body == Some(true));
    let body = if context.sign_body == Some(true) {
        recorded.body()?
    } else {
        Vec::new()
    };
    let payload = PayloadHash::of(&body);
    match form {
        "header" => judge::header(&context, &recorded, None, payload, &expected, v4a).map(drop),
        "query" => judge::query(&context, &recorded, None, payload, &expected, v4a),
        _ => Err(format!("unknown form: {form}")),
    }
}
