//! `aws_sigv4_suite.json` and `aws_sigv4a_suite.json`: the test suites of the AWS SDKs.

use super::{Context, Recorded, judge};
use crate::{
    case::{Case, Judged},
    formats::Format,
    record::{Read as _, Record, entries},
};
use serde_json::{Map, Value};
use tower_auth_aws::PayloadHash;

pub(crate) struct Suite;

impl Format for Suite {
    fn name(&self) -> &'static str {
        "aws_sigv4_suite"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        matches!(
            file.maybe("format"),
            Some("aws-sigv4-suite/1" | "aws-sigv4a-suite/1")
        )
    }

    /// A case for each form that is recorded.
    fn cases(&self, file: &Record) -> Vec<Case> {
        let cases = file.at("cases").cloned().unwrap_or_default();
        let forms = entries(file, "", &cases).into_iter().flat_map(|case| {
            let forms = case.object("expected").map_or(0, |forms| forms.len());
            let names = case.object("expected").ok().into_iter().flatten();
            let part = case.name.clone();
            let forms: Vec<_> = match forms {
                0 => vec![Case::unknown(case, "records no answer")],
                _ => names
                    .map(|(form, _)| case.with(&part, form, case.value.clone()))
                    .map(|record| Case::at_once(record, judge))
                    .collect(),
            };
            forms
        });
        forms.collect()
    }
}

fn judge(case: &Record) -> Judged {
    let form = case.name.as_str();
    let v4a = case.maybe("algorithm") == Some("AWS4-ECDSA-P256-SHA256");
    let mut context: Context = case.read("context")?;
    let recorded: Recorded = case.read("request")?;
    let mut expected = case.value["expected"][form].clone();
    for (field, coordinate) in [("public_x", "X"), ("public_y", "Y")] {
        expected[field] = case["public_key"][coordinate].clone();
    }
    let expected = expected.read("")?;
    if recorded.is_raw() {
        context.double_uri_encode = Some(false); // it was encoded once, to be a URI at all
    }
    context.never_signed_headers = Some(Vec::new());
    let crt = case
        .maybe("suite")
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
        "header" => {
            Ok(judge::header(&context, &recorded, None, payload, &expected, v4a).map(drop)?)
        }
        "query" => Ok(judge::query(
            &context, &recorded, None, payload, &expected, v4a,
        )?),
        _ => Err(format!("unknown form: {form}").into()),
    }
}
