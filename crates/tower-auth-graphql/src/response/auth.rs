//! Finds answers that mean "not authenticated", and whether they prove that nothing was executed.

use super::{Response, graphql_error::GraphQlError};
#[cfg(any(feature = "events", feature = "incremental", feature = "multipart"))]
use crate::head::Head;
use crate::{AuthFailure, OperationKind, body::Operations, scan::Scanned};
use http::{HeaderMap, StatusCode};
use serde::de::IgnoredAny;
use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};
use tower_auth_core::NotAuthenticated;

/// Says which errors mean that credentials were not accepted.
///
/// A GraphQL server may answer `200 OK` and say in the body that the caller has to log in. The service at the bottom
/// asks the detector about every error, and marks the response with [`NotAuthenticated`] for the schemes above, which
/// then renew their credentials. Of a stream, the first result is judged so; of later ones, the failure is noted for
/// whoever reads them.
///
/// By default these count:
///
/// | sign | as |
/// | --- | --- |
/// | status 401 | refused |
/// | status 403 | forbidden; credentials are *not* renewed |
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
    Status(StatusCode, AuthFailure),
    Code(Cow<'static, str>, AuthFailure),
    Member(Cow<'static, str>, AuthFailure),
    Other(Arc<Judge>),
}

type Judge = dyn Fn(StatusCode, &HeaderMap, &GraphQlError) -> Option<AuthFailure> + Send + Sync;

/// What HTTP itself says (RFC 9110 section 15.5). The schemes above take a 401 for what it is, whatever the rules are.
const STATUSES: [Rule; 2] = [
    Rule::Status(StatusCode::UNAUTHORIZED, AuthFailure::Refused),
    Rule::Status(StatusCode::FORBIDDEN, AuthFailure::Forbidden),
];

impl Default for AuthDetector {
    fn default() -> Self {
        let code = |code| move |failure| Rule::Code(Cow::Borrowed(code), failure);
        let [unauthorized, forbidden] = STATUSES;
        Self(Arc::new([
            unauthorized,
            forbidden,
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
    /// No error counts, only the statuses 401 and 403.
    pub fn status_only() -> Self {
        Self(Arc::new(STATUSES))
    }

    /// An answer with this status counts as this failure, whoever sent it: GraphQL, or a gateway in front. Credentials
    /// are then renewed as after a 401, and the request is taken for not executed unless the answer has data.
    ///
    /// For servers that say 419 or 440, or send to a login page by 302. (A layer that follows redirects below the
    /// service hides the latter.)
    #[must_use]
    pub fn status(self, status: StatusCode, failure: AuthFailure) -> Self {
        self.with(Rule::Status(status, failure))
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
            Rule::Status(..) => None,
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

    /// What the status alone says.
    pub(crate) fn judge_status(&self, status: StatusCode) -> Option<AuthFailure> {
        self.0.iter().find_map(|rule| match rule {
            Rule::Status(of, failure) if *of == status => Some(*failure),
            _ => None,
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
        let by_status = self.judge_status(status);
        if by_status.is_none() && responses.iter().all(|response| response.errors.is_empty()) {
            return None;
        }
        let refused = by_status.is_some_and(AuthFailure::is_renewable);
        let mut renew = refused;
        // Whether the answer proves, of each operation, that it was not executed.
        let mut proofs = Vec::with_capacity(responses.len());
        for response in responses.iter_mut() {
            let failures = self.judge_all(status, headers, &response.errors);
            response.auth_failure =
                worst(&failures).or_else(|| by_status.filter(|_| !response.errors.is_empty()));
            renew |= response.auth_failure.is_some_and(AuthFailure::is_renewable);
            proofs.push(proof(response, &failures, refused));
        }
        renew.then(|| {
            // Without a response, the status is all there is, and it says that nothing was done.
            if proofs.is_empty() || sent.may_replay(&proofs) {
                NotAuthenticated::not_executed()
            } else {
                NotAuthenticated::maybe_executed()
            }
        })
    }

    /// How these errors of a result say that authentication failed.
    #[cfg(feature = "ws")]
    pub(crate) fn judge_errors(&self, errors: &[GraphQlError]) -> Option<AuthFailure> {
        worst(&self.judge_all(StatusCode::OK, &HeaderMap::new(), errors))
    }

    fn judge_all(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        errors: &[GraphQlError],
    ) -> Vec<Option<AuthFailure>> {
        errors
            .iter()
            .map(|error| self.judge(status, headers, error))
            .collect()
    }

    /// The mark for an answer of this status that could not be read to its end.
    pub(crate) fn inspect_unreadable(
        &self,
        status: StatusCode,
        sent: &Sent,
    ) -> Option<NotAuthenticated> {
        let failure = self.judge_status(status)?;
        failure.is_renewable().then(|| {
            // It may have said that a part of the operation was executed.
            if sent.may_replay(&[]) {
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

/// The failure that matters: one that other credentials could help with, if there is one.
fn worst(failures: &[Option<AuthFailure>]) -> Option<AuthFailure> {
    let mut found = failures.iter().flatten().copied();
    let renewable = found.clone().find(|failure| failure.is_renewable());
    renewable.or_else(|| found.next())
}

/// The detector together with the head of the answer, for what comes later in a stream.
#[cfg(any(feature = "events", feature = "incremental", feature = "multipart"))]
#[derive(Clone, Debug)]
pub(crate) struct StreamJudge {
    detector: AuthDetector,
    head: Arc<Head>,
}

#[cfg(any(feature = "events", feature = "incremental", feature = "multipart"))]
impl StreamJudge {
    pub(crate) fn new(detector: AuthDetector, head: &http::response::Parts) -> Self {
        Self {
            detector,
            head: Head::of(head),
        }
    }

    /// How these errors say that authentication failed.
    pub(crate) fn judge(&self, errors: &[GraphQlError]) -> Option<AuthFailure> {
        let head = &self.head;
        worst(&self.detector.judge_all(head.status, &head.headers, errors))
    }

    /// Notes on a result how authentication failed, and which answer it came with.
    #[cfg(any(feature = "events", feature = "multipart"))]
    pub(crate) fn note(&self, response: &mut Response) {
        if !response.errors.is_empty() {
            response.auth_failure = self.judge(&response.errors);
            response.head = Some(std::sync::Arc::clone(&self.head));
        }
    }

    /// The mark for the schemes above, of the first result of a stream.
    pub(crate) fn inspect(&self, first: &mut Response, sent: &Sent) -> Option<NotAuthenticated> {
        let first = std::slice::from_mut(first);
        self.detector
            .inspect(self.head.status, &self.head.headers, first, sent)
    }
}

/// What an answer proves of the operation that it belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Proof {
    /// Nothing: it may have been executed.
    Nothing,
    /// It was not executed, if it has no more than one root field.
    OneRootField,
    /// It was not executed.
    NotExecuted,
}

/// Whether this answer proves that the operation had no effect.
///
/// Root fields of a mutation run one after the other, and a null may have bubbled up over one that did run. So each of
/// them has to be null because of an error of its own that is about authentication; or nothing at all was executed.
fn proof(response: &Response, failures: &[Option<AuthFailure>], refused: bool) -> Proof {
    let about_auth =
        |failure: &Option<AuthFailure>| refused || failure.is_some_and(AuthFailure::is_renewable);
    if failures.is_empty() || !failures.iter().all(about_auth) {
        return Proof::Nothing;
    }
    let Some(data) = &response.data else {
        let longest = response.errors.iter().map(|error| error.path.len()).max();
        return match longest {
            Some(0) => Proof::NotExecuted,
            Some(1) => Proof::OneRootField,
            _ => Proof::Nothing,
        };
    };
    // A field that is null is no `Some`.
    let Ok(fields) = data.decode::<HashMap<Cow<'_, str>, Option<IgnoredAny>>>() else {
        return Proof::Nothing;
    };
    let failed = |name: &str| {
        let mut paths = response.errors.iter().map(|error| &error.path[..]);
        paths.any(|path| matches!(path, [field] if field.as_str() == Some(name)))
    };
    let all_failed = fields
        .iter()
        .all(|(name, value)| value.is_none() && failed(name));
    if all_failed && !fields.is_empty() {
        Proof::NotExecuted
    } else {
        Proof::Nothing
    }
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
    /// Whether it can be sent again, after an answer that proves this of its operations.
    fn may_replay(&self, proofs: &[Proof]) -> bool {
        if self.is_get || self.kind == Some(OperationKind::Query) {
            return true;
        }
        let operations = self.operations.scan();
        let is_query = |scanned: &Option<Scanned>| {
            self.kind.is_none() && scanned.is_some_and(|one| one.kind == OperationKind::Query)
        };
        if operations.is_empty() {
            return false; // unreadable
        }
        if operations.iter().all(is_query) {
            return true;
        }
        if proofs.len() == operations.len() {
            return operations
                .iter()
                .zip(proofs)
                .all(|(operation, proof)| match proof {
                    _ if is_query(operation) => true,
                    Proof::NotExecuted => true,
                    Proof::OneRootField => operation.is_some_and(|one| one.one_root_field),
                    Proof::Nothing => false,
                });
        }
        // One answer to a batch as a whole. Any other number says nothing of some of its operations.
        proofs == [Proof::NotExecuted]
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

    fn sent(operations: &serde_json::Value) -> Sent {
        Sent {
            operations: Operations::new(operations.to_string().into()),
            ..Sent::default()
        }
    }

    fn mark(status: u16, document: &str, answer: &str) -> Option<NotAuthenticated> {
        let sent = sent(&serde_json::json!({ "query": document }));
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
    fn a_batch_is_replayed_only_when_no_mutation_in_it_can_have_run() {
        use serde_json::json;
        let may = Some(NotAuthenticated::not_executed());
        let may_not = Some(NotAuthenticated::maybe_executed());
        let (query, mutation) = (json!({"query": QUERY}), json!({"query": ONE}));
        let error = json!({"message": "m", "extensions": {"code": "UNAUTHENTICATED"}});
        let whole = json!({"errors": [error]});
        let partial = json!({"errors": [error], "data": {"a": 1}});
        let done = json!({"data": {"a": 1}});
        let both = json!([query, mutation]);
        let cases = [
            (200, json!([query, query]), vec![&partial, &done], may),
            (200, json!([query, query]), vec![&whole], may),
            (200, both.clone(), vec![&whole, &whole], may),
            (200, both.clone(), vec![&whole, &done], may_not),
            // To the batch as a whole.
            (200, both.clone(), vec![&whole], may),
            (200, both.clone(), vec![&partial], may_not),
            // Of the mutation, nothing is known.
            (
                200,
                json!([query, query, mutation]),
                vec![&whole, &whole],
                may_not,
            ),
            (401, both.clone(), vec![], may),
            (401, both, vec![&whole, &done], may_not),
        ];
        for (status, operations, answers, expected) in cases {
            let mut responses: Vec<_> = answers
                .iter()
                .map(|answer| parse(&answer.to_string().into(), false).unwrap())
                .collect();
            let mark = AuthDetector::default().inspect(
                StatusCode::from_u16(status).unwrap(),
                &HeaderMap::new(),
                &mut responses,
                &sent(&operations),
            );
            assert_eq!(mark, expected, "{operations} {answers:?}");
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
        assert_eq!(mark(403, QUERY, r#"{"errors":[{"message":"m"}]}"#), None);
    }
}
