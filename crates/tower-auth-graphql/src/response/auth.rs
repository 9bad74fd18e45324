//! Finds answers that mean "not authenticated", and whether they prove that nothing was executed.

use super::{Response, graphql_error::GraphQlError};
use crate::{AuthFailure, OperationKind, body::Operations};
use http::{HeaderMap, StatusCode};
use serde::de::IgnoredAny;
use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};
use tower_auth_core::NotAuthenticated;

/// Says which errors mean that credentials were not accepted.
///
/// A GraphQL server may answer `200 OK` and say in the body that the caller has to log in. The service at the bottom
/// asks the detector about every error, and marks the response with [`NotAuthenticated`] for the schemes above, which
/// then renew their credentials.
///
/// By default these count:
///
/// | sign | as |
/// | --- | --- |
/// | status 401 | refused |
/// | `extensions.code` `UNAUTHENTICATED` (Apollo), `AUTH_NOT_AUTHENTICATED` (Hot Chocolate), `invalid-jwt` (Hasura) | refused |
/// | `expiredToken: true` in an error (CollectiveAccess) | expired |
/// | `extensions.code` `FORBIDDEN`, `AUTH_NOT_AUTHORIZED` | forbidden; credentials are *not* renewed |
///
/// ```
/// use tower_auth_graphql::{AuthDetector, AuthFailure};
///
/// let detector = AuthDetector::default()
///     .code("TOKEN_EXPIRED", AuthFailure::Expired)
///     .rule(|status, _headers, error| {
///         (status == 400 && error.message == "jwt expired").then_some(AuthFailure::Expired)
///     });
/// ```
#[derive(Clone)]
pub struct AuthDetector(Arc<[Rule]>);

#[derive(Clone)]
enum Rule {
    Code(Cow<'static, str>, AuthFailure),
    Member(Cow<'static, str>, AuthFailure),
    Other(Arc<Judge>),
}

type Judge = dyn Fn(StatusCode, &HeaderMap, &GraphQlError) -> Option<AuthFailure> + Send + Sync;

impl Default for AuthDetector {
    fn default() -> Self {
        let code = |code| move |failure| Rule::Code(Cow::Borrowed(code), failure);
        Self(Arc::new([
            code("UNAUTHENTICATED")(AuthFailure::Refused),
            code("AUTH_NOT_AUTHENTICATED")(AuthFailure::Refused),
            code("invalid-jwt")(AuthFailure::Refused),
            Rule::Member(Cow::Borrowed("expiredToken"), AuthFailure::Expired),
            code("FORBIDDEN")(AuthFailure::Forbidden),
            code("AUTH_NOT_AUTHORIZED")(AuthFailure::Forbidden),
        ]))
    }
}

impl AuthDetector {
    /// No error counts, only the status 401.
    pub fn status_only() -> Self {
        Self(Arc::new([]))
    }

    /// An error with this `extensions.code` counts as this failure. Rules that are added later are asked first.
    #[must_use]
    pub fn code(self, code: impl Into<Cow<'static, str>>, failure: AuthFailure) -> Self {
        self.with(Rule::Code(code.into(), failure))
    }

    /// An error with this member, beside its message, whose value is `true`, counts as this failure.
    #[must_use]
    pub fn member(self, name: impl Into<Cow<'static, str>>, failure: AuthFailure) -> Self {
        self.with(Rule::Member(name.into(), failure))
    }

    /// Any other rule, which sees the status, the headers and one error.
    #[must_use]
    pub fn rule<F>(self, judge: F) -> Self
    where
        F: Fn(StatusCode, &HeaderMap, &GraphQlError) -> Option<AuthFailure> + Send + Sync + 'static,
    {
        self.with(Rule::Other(Arc::new(judge)))
    }

    fn with(self, rule: Rule) -> Self {
        Self(
            std::iter::once(rule)
                .chain(self.0.iter().cloned())
                .collect(),
        )
    }

    fn judge(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        error: &GraphQlError,
    ) -> Option<AuthFailure> {
        self.0.iter().find_map(|rule| match rule {
            Rule::Code(code, failure) => (error.code() == Some(code)).then_some(*failure),
            Rule::Member(name, failure) => {
                let value = error
                    .other
                    .get(&**name)
                    .or_else(|| error.extensions.get(&**name));
                (value?.as_bool() == Some(true)).then_some(*failure)
            }
            Rule::Other(judge) => judge(status, headers, error),
        })
    }

    /// Notes on each response how authentication failed, and answers with the mark for the schemes above.
    pub(crate) fn inspect(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        responses: &mut [Response],
        sent: &Sent,
    ) -> Option<NotAuthenticated> {
        let unauthorized = status == StatusCode::UNAUTHORIZED;
        if !unauthorized && responses.iter().all(|response| response.errors.is_empty()) {
            return None;
        }
        let mut renew = unauthorized;
        let mut may_replay = true;
        for (index, response) in responses.iter_mut().enumerate() {
            let failures: Vec<_> = response
                .errors
                .iter()
                .map(|error| self.judge(status, headers, error))
                .collect();
            let mut worst = failures.iter().flatten().copied();
            response.auth_failure = worst
                .clone()
                .find(|failure| failure.is_renewable())
                .or_else(|| worst.next())
                .or_else(|| {
                    (unauthorized && !response.errors.is_empty()).then_some(AuthFailure::Refused)
                });
            renew |= response.auth_failure.is_some_and(AuthFailure::is_renewable);
            may_replay &= sent.is_query(index)
                || proves_not_executed(response, &failures, unauthorized, sent, index);
        }
        renew.then(|| {
            if may_replay {
                NotAuthenticated::not_executed()
            } else {
                NotAuthenticated::maybe_executed()
            }
        })
    }
}

impl fmt::Debug for AuthDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthDetector({} rules)", self.0.len())
    }
}

/// Whether this answer proves that the operation had no effect.
///
/// Root fields of a mutation run one after the other, and a null may have bubbled up over one that did run. So each of
/// them has to be null because of an error of its own that is about authentication; or nothing at all was executed.
fn proves_not_executed(
    response: &Response,
    failures: &[Option<AuthFailure>],
    unauthorized: bool,
    sent: &Sent,
    index: usize,
) -> bool {
    let about_auth = |failure: &Option<AuthFailure>| {
        unauthorized || failure.is_some_and(AuthFailure::is_renewable)
    };
    if failures.is_empty() || !failures.iter().all(about_auth) {
        return false;
    }
    let Some(data) = &response.data else {
        let root = response.errors.iter().all(|error| error.path.len() <= 1);
        let whole = response.errors.iter().all(|error| error.path.is_empty());
        return whole || (root && sent.has_one_root_field(index));
    };
    // A field that is null is no `Some`.
    let Ok(fields) = data.decode::<HashMap<Cow<'_, str>, Option<IgnoredAny>>>() else {
        return false;
    };
    !fields.is_empty()
        && fields.iter().all(|(name, value)| {
            value.is_none()
                && response
                    .errors
                    .iter()
                    .any(|error| error.path.len() == 1 && error.path[0].as_str() == Some(&**name))
        })
}

/// What is known of the request that an answer belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    /// Said by whoever made the request.
    pub(crate) kind: Option<OperationKind>,
    pub(crate) is_get: bool,
    pub(crate) operations: Operations,
}

impl Sent {
    fn is_query(&self, index: usize) -> bool {
        self.is_get
            || match self.kind {
                Some(kind) => kind == OperationKind::Query,
                None => self
                    .operations
                    .scan(index)
                    .is_some_and(|scanned| scanned.kind == OperationKind::Query),
            }
    }

    fn has_one_root_field(&self, index: usize) -> bool {
        let scanned = self.operations.scan(index);
        scanned.is_some_and(|scanned| scanned.one_root_field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::parse;
    use bytes::Bytes;

    const QUERY: &str = "{ a }";
    const ONE: &str = "mutation { a }";
    const TWO: &str = "mutation { a b }";

    fn mark(status: u16, document: &str, answer: &str) -> Option<NotAuthenticated> {
        let operations = serde_json::json!({ "query": document }).to_string();
        let sent = Sent {
            operations: Operations::new(operations.into()),
            ..Sent::default()
        };
        let mut response = parse(&Bytes::copy_from_slice(answer.as_bytes()), false).unwrap();
        AuthDetector::default().inspect(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            std::slice::from_mut(&mut response),
            &sent,
        )
    }

    #[test]
    fn a_mutation_is_replayed_only_when_the_answer_proves_that_it_did_not_run() {
        let may = Some(NotAuthenticated::not_executed());
        let may_not = Some(NotAuthenticated::maybe_executed());
        let auth = |path: &str| {
            format!(r#"{{"message":"m","path":{path},"extensions":{{"code":"UNAUTHENTICATED"}}}}"#)
        };
        let (at_a, at_b, deep) = (auth(r#"["a"]"#), auth(r#"["b"]"#), auth(r#"["a","x"]"#));
        let whole = r#"{"message":"m","extensions":{"code":"UNAUTHENTICATED"}}"#;
        let other = r#"{"message":"m"}"#;
        let answer = |errors: &[&str], data: &str| {
            let errors = errors.join(",");
            if data.is_empty() {
                format!(r#"{{"errors":[{errors}]}}"#)
            } else {
                format!(r#"{{"errors":[{errors}],"data":{data}}}"#)
            }
        };
        let cases = [
            (200, QUERY, answer(&[&at_a], r#"{"a":null,"b":1}"#), may),
            (200, ONE, answer(&[whole], ""), may),
            (200, ONE, answer(&[whole], "null"), may),
            (200, TWO, answer(&[whole], "null"), may),
            (200, ONE, answer(&[&at_a], "null"), may),
            (200, ONE, answer(&[&at_a], r#"{"a":null}"#), may),
            (
                200,
                TWO,
                answer(&[&at_a, &at_b], r#"{"a":null,"b":null}"#),
                may,
            ),
            // `a` may have run before `b` made everything null.
            (200, TWO, answer(&[&at_b], "null"), may_not),
            (200, TWO, answer(&[&at_b], r#"{"a":1,"b":null}"#), may_not),
            (
                200,
                TWO,
                answer(&[&at_b], r#"{"a":null,"b":null}"#),
                may_not,
            ),
            // `a` ran; only what it answers with was denied.
            (200, ONE, answer(&[&deep], "null"), may_not),
            (200, ONE, answer(&[&deep], r#"{"a":null}"#), may_not),
            (200, ONE, answer(&[whole, other], "null"), may_not),
            (200, "nonsense", answer(&[&at_a], "null"), may_not),
            (401, ONE, answer(&[other], ""), may),
            (401, TWO, answer(&[other], r#"{"a":1,"b":null}"#), may_not),
            (200, ONE, answer(&[other], "null"), None),
            (200, ONE, r#"{"data":{"a":1}}"#.to_owned(), None),
        ];
        for (status, document, answer, expected) in cases {
            assert_eq!(
                mark(status, document, &answer),
                expected,
                "{document} {answer}"
            );
        }
    }

    #[test]
    fn an_expired_token_is_found_in_whatever_error_it_stands() {
        let answer = r#"{"ok":false,"errors":[{"message":"Internal server error"},
            {"message":"Internal server error","expiredToken":true}],"data":{"a":null}}"#;
        assert!(mark(500, QUERY, answer).is_some());
        let answer = answer.replace("true}", "false}");
        assert!(mark(500, QUERY, &answer).is_none());
    }

    #[test]
    fn what_is_forbidden_is_noted_and_does_not_renew_credentials() {
        let answer = r#"{"errors":[{"message":"m","extensions":{"code":"FORBIDDEN"}}]}"#;
        assert_eq!(mark(200, QUERY, answer), None);
    }
}
