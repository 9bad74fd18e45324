//! The envelope around answers, and their status.

use super::schema::EXPIRED;
use async_graphql::Response;
use http::StatusCode;
use serde_json::{Value, json};

/// The status and the JSON of an answer.
pub(super) fn wrap(response: Response) -> (StatusCode, String) {
    let is_request_error = response.data == async_graphql::Value::Null;
    let mut errors: Vec<Value> = response
        .errors
        .iter()
        .filter_map(|error| serde_json::to_value(error).ok())
        .collect();
    for error in &mut errors {
        let Value::Object(error) = error else {
            continue;
        };
        let expired = error
            .remove("extensions")
            .is_some_and(|extensions| extensions[EXPIRED] == true);
        if expired {
            error.insert(EXPIRED.to_owned(), true.into());
        }
    }
    let status = match errors.first() {
        None => StatusCode::OK,
        // Only the first one sets the status.
        Some(first) if first[EXPIRED] == true => StatusCode::UNAUTHORIZED,
        Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let data = response.data.into_json().unwrap_or(Value::Null);
    let json = match (errors.is_empty(), is_request_error) {
        (true, _) => format!(r#"{{"ok":true,"data":{data}}}"#),
        (false, true) => format!(r#"{{"ok":false,"errors":{}}}"#, Value::from(errors)),
        (false, false) => format!(
            r#"{{"ok":false,"errors":{},"data":{data}}}"#,
            Value::from(errors)
        ),
    };
    (status, json)
}

/// An answer to what is no request.
pub(super) fn malformed() -> (StatusCode, String) {
    let errors = json!([{"message": "Syntax Error: Unexpected <EOF>"}]);
    let json = format!(r#"{{"ok":false,"errors":{errors}}}"#);
    (StatusCode::INTERNAL_SERVER_ERROR, json)
}
