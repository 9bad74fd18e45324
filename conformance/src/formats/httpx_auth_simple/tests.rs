//! A file of our own recording, and what has to become of changes to it.

use crate::run::{End, tests::judged};
use serde_json::{Value, json};

const RECORDED: &str = include_str!("../../../tests/recorded/httpx_auth_simple.json");

fn recorded() -> Value {
    serde_json::from_str(RECORDED).unwrap()
}

/// The same, as the original recorder would have written it.
fn without_inputs() -> Value {
    let mut file = recorded();
    for vector in file["vectors"].as_array_mut().unwrap() {
        vector.as_object_mut().unwrap().remove("inputs").unwrap();
    }
    file
}

fn run(file: &Value) -> (End, String) {
    judged(&file.to_string())
}

/// One vector by itself.
fn alone(vector: Value) -> (End, String) {
    run(&json!({"library": "httpx_auth", "vectors": [vector]}))
}

fn vector(name: &str) -> Value {
    let file = recorded();
    let mut vectors = file["vectors"].as_array().unwrap().iter();
    vectors
        .find(|vector| vector["name"] == name)
        .unwrap()
        .clone()
}

#[test]
fn our_schemes_do_what_httpx_auth_does() {
    for file in [recorded(), without_inputs()] {
        let (end, out) = run(&file);
        assert_eq!(end, End::Passed, "{out}");
        let total = file["vectors"].as_array().unwrap().len();
        let expected = format!("{} passed, 0 failed, 2 skipped\n", total - 2);
        assert!(out.ends_with(&expected), "{out}");
    }
}

/// Every single recorded answer, each in a file of its own.
fn corrupted(file: &Value, mut fails: impl FnMut(&Value, &str)) -> usize {
    let mut tried = 0;
    for vector in file["vectors"].as_array().unwrap() {
        if vector["name"].as_str().unwrap().ends_with("-none") {
            continue; // not run at all: an exception
        }
        let mut changes: Vec<(String, Value)> = Vec::new();
        for field in ["url_out", "target_out", "raises"] {
            if let Some(text) = vector[field].as_str() {
                changes.push((format!("/{field}"), json!(format!("x{text}"))));
                changes.push((format!("/{field}"), json!(text[..text.len() - 1])));
                changes.push((format!("/{field}"), Value::Null));
            }
        }
        for (header, value) in vector["headers_out"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap();
            for changed in [format!("x{value}"), format!("{value}x"), String::new()] {
                changes.push((format!("/headers_out/{header}"), json!(changed)));
            }
            let mut more = vector["headers_out"].clone();
            more["x-more"] = json!("1");
            changes.push(("/headers_out".to_owned(), more));
            changes.push(("/headers_out".to_owned(), json!({})));
        }
        for (pointer, value) in changes {
            let mut changed = vector.clone();
            *changed.pointer_mut(&pointer).unwrap() = value;
            fails(&changed, &pointer);
            tried += 1;
        }
    }
    tried
}

#[test]
fn every_recorded_answer_matters_when_the_inputs_are_recorded() {
    let tried = corrupted(&recorded(), |changed, pointer| {
        let (end, out) = alone(changed.clone());
        assert_eq!(end, End::Failed, "{pointer} of {changed}: {out}");
    });
    assert!(tried > 500, "{tried}");
}

#[test]
fn targets_and_orders_matter_even_when_the_inputs_have_to_be_recovered() {
    let tried = corrupted(&without_inputs(), |changed, pointer| {
        if matches!(pointer, "/url_out" | "/target_out" | "/headers_out/x-order") {
            let (end, out) = alone(changed.clone());
            assert_eq!(end, End::Failed, "{pointer} of {changed}: {out}");
        }
    });
    assert!(tried > 500, "{tried}");
}

#[test]
fn a_recovered_value_can_be_any() {
    // No answer is known beforehand: other values pass as well, when they are what the scheme makes of them.
    let mut basic = vector("basic-plain");
    basic.as_object_mut().unwrap().remove("inputs");
    basic["headers_out"]["authorization"] = json!("Basic YWRhOmxvdmVsYWNl");
    assert_eq!(alone(basic.clone()).0, End::Passed);
    for bad in [
        "Basic YWRhOmxvdmVsYWNl=",
        "Basic YWRh",
        "basic YWRhOmxvdmVsYWNl",
        "Basic //8=",
        "",
    ] {
        basic["headers_out"]["authorization"] = json!(bad);
        assert_eq!(alone(basic.clone()).0, End::Failed, "{bad}");
    }
}

#[test]
fn a_sum_whose_terms_overwrite_each_other_has_to_be_refused() {
    for name in [
        "multi-same-header-last-wins",
        "multi-same-query-last-wins",
        "multi-basic+basic",
    ] {
        assert_eq!(alone(vector(name)).0, End::Passed, "{name}");
    }
}

#[test]
fn what_is_not_known_fails() {
    let changed = |name: &str, field: &str, value: Value| {
        let mut vector = vector(name);
        vector[field] = value;
        vector
    };
    for unknown in [
        changed("basic-plain", "name", json!("digest-plain")),
        changed("basic-plain", "name", Value::Null),
        changed("basic-plain", "headers_in", json!([])),
        changed("basic-plain", "inputs", json!([])),
        changed("basic-plain", "inputs", json!([{"scheme": "digest"}])),
        changed("basic-plain", "raises", json!("Exception: no")),
        changed("basic-plain", "url_in", json!("no url at all")),
        changed("header-default", "name", json!("query-default")),
        changed(
            "ctor-query-empty",
            "inputs",
            json!([{"scheme": "query", "key": "k"}]),
        ),
        json!({"name": "ctor-digest-empty", "raises": "Exception: API Key is mandatory."}),
        json!({"name": "ctor-query-odd", "raises": "Exception: API Key is mandatory."}),
        json!({"name": "ctor-query-empty"}),
    ] {
        let mut file = recorded();
        file["vectors"] = json!([unknown, vector("basic-plain")]);
        let (end, out) = run(&file);
        assert_eq!(end, End::Failed, "{unknown}");
        assert!(
            out.ends_with("1 passed, 1 failed, 0 skipped\n"),
            "{unknown}: {out}"
        );
    }
}

#[test]
fn other_recordings_of_the_same_library_are_other_formats() {
    for other in [
        json!({"library": "httpx_auth", "vectors": []}),
        json!({"library": "httpx_auth", "vectors": [{"name": "pkce", "verifier": "v", "challenge": "c"}]}),
        json!({"library": "httpx_auth", "vectors": [{"name": "header-nbsp", "raises": "E", "auth": {}}]}),
        json!({"library": "other", "vectors": [vector("basic-plain")]}),
        json!({"vectors": {}}),
    ] {
        assert_eq!(run(&other), (End::Unusable, String::new()), "{other}");
    }
}
