//! Header values with a place for the token.

use crate::{AuthError, secret::has_control};
use http::HeaderValue;
use std::sync::Arc;

const TOKEN: &str = "{token}";

/// `Bearer {token}` and the like. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Template(Arc<str>);

impl Template {
    pub(crate) fn new(template: &str) -> Result<Self, AuthError> {
        let invalid = |why| AuthError::configuration("template", why);
        if !template.contains(TOKEN) {
            return Err(invalid("has no `{token}`; write it like `Token {token}`"));
        }
        if has_control(template.as_bytes()) || !template.is_ascii() {
            return Err(invalid(
                "has a character that does not belong into a header",
            ));
        }
        if template.starts_with(' ') || template.ends_with(' ') {
            return Err(invalid(
                "begins or ends with a blank, which the receiver would strip",
            ));
        }
        Ok(Self(template.into()))
    }

    /// The header value with this token.
    pub(crate) fn fill(&self, token: &str) -> Result<HeaderValue, AuthError> {
        check_token(token)?;
        let places = self.0.matches(TOKEN).count();
        // Sized beforehand, so that no copy of the token is left behind by growing.
        let mut value = Vec::with_capacity(self.0.len() + places * token.len());
        let mut pieces = self.0.split(TOKEN);
        value.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
        for piece in pieces {
            value.extend_from_slice(token.as_bytes());
            value.extend_from_slice(piece.as_bytes());
        }
        crate::secret::sensitive_header("token", value)
    }
}

/// A token is printable ASCII without blanks (RFC 6750 section 2.1 allows fewer characters; servers issue more).
pub(crate) fn check_token(token: &str) -> Result<(), AuthError> {
    if token.is_empty() {
        Err(AuthError::configuration("token", "is empty"))
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err(AuthError::configuration(
            "token",
            "has a character that no token has (a blank, a line end, or not ASCII); \
             was it read from a file with its line end?",
        ))
    } else {
        Ok(())
    }
}
