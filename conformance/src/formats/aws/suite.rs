//! `aws_sigv4_suite.json` and `aws_sigv4a_suite.json`: the test suites of the AWS SDKs.

use super::{Context, Recorded, read, same, text};
use crate::{
    case::Case,
    formats::{Format, aws::judge::{self, Expected}},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

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
        cases.into_iter().flatten().flat_map(|case| {
            let name = case.get("id").and_then(Value::as_str).unwrap_or("without id");
            let v4a = case.get("algorithm").and_then(Value::as_str) == Some("AWS4-ECDSA-P256-SHA256");
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
    let context: Context = read(&case["context"])?;
    let recorded: Recorded = read(&case["request"])?;
    let expected: Expected = read(expected)?;
    let mut context = context;
    if recorded.is_raw() {
        context.double_uri_encode = Some(false); // it was encoded once, to be a URI at all
    }
    context.never_signed_headers = Some(Vec::new());
    let crt = case["suite"].as_str().is_some_and(|suite| suite.starts_with("crt"));
    context.add_content_sha256_header = Some(crt && context.sign_body == Some(true));
    let body = if context.sign_body == Some(true) { recorded.body()? } else { Vec::new() };
    let _ = (same, text, Duration::ZERO);
    match form {
        "header" => judge::header(&context, &recorded, None, &body, &expected, v4a),
        "query" => judge::query(&context, &recorded, None, &body, &expected, v4a),
        _ => Err(format!("unknown form: {form}")),
    }
}
