//! Bearer tokens (RFC 6750), and where requests carry them.

mod issued;
mod placement;
mod template;

pub use self::{
    issued::Issued,
    placement::{InAuthorization, InHeader, InQuery, Placement, Put},
};

use crate::{AuthError, Authorize, Claim, Scheme, Secret, fixed_scheme, scheme};
use http::{HeaderName, Request};
use std::fmt;

/// A fixed bearer token: a finisher in the `Authorization` header, a key anywhere else.
///
/// | built by | what goes on the wire | in a sum |
/// | --- | --- | --- |
/// | [`Bearer::new`] | `Authorization: Bearer <token>` (RFC 6750 section 2.1) | finisher |
/// | [`Bearer::with_template`] | `Authorization: Token <token>`, or what the template says | finisher |
/// | [`Bearer::in_header`] | a header of its own, by a template | key |
/// | [`Bearer::in_query`] | a query parameter (RFC 6750 section 2.3, which advises against it) | key |
/// | [`Bearer::placed`] | what a [`Placement`] of your own makes of it | its [`Slot`](Placement::Slot) |
///
/// What was there under the same name is replaced. Whoever has the token can use it, so it only goes out over https, or
/// to this machine. Tokens that expire are fetched and renewed by the schemes of `tower-auth-oauth2`; they can be placed
/// in the same ways.
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::{Bearer, SchemeExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = tower::service_fn(async |request: Request<()>| {
///     Ok::<_, Infallible>(Response::new(request.headers()["authorization"].clone()))
/// });
///
/// let client = Bearer::new("mF_9.B5f-4.1JqM")?.only_to("https://api.example.com")?.layer(http);
/// let response = client.oneshot(Request::get("https://api.example.com/").body(())?).await?;
/// assert_eq!(response.into_body(), "Bearer mF_9.B5f-4.1JqM");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Bearer<P: Placement = InAuthorization> {
    placement: P,
    placed: P::Placed,
}

impl Bearer {
    /// `Authorization: Bearer <token>`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the token is empty or has blanks, control
    /// characters, or anything but ASCII.
    pub fn new(token: impl Into<Secret>) -> Result<Self, AuthError> {
        let token = token.into();
        let token = token.expose();
        Self::placed(token, InAuthorization::default())
    }

    /// `Authorization: <template>`, with the token in the place of `{token}`: `Token {token}`, `token={token}`.
    ///
    /// # Errors
    ///
    /// As [`Bearer::new`], and when the template has no `{token}` or has control characters.
    pub fn with_template(
        token: impl Into<Secret>,
        template: impl AsRef<str>,
    ) -> Result<Self, AuthError> {
        let token = token.into();
        let token = token.expose();
        let template = template.as_ref();
        Self::placed(token, InAuthorization::with_template(template)?)
    }
}

impl Bearer<InHeader> {
    /// A header of its own: `<name>: <template>`, with the token in the place of `{token}`.
    ///
    /// # Errors
    ///
    /// As [`Bearer::with_template`], and when the name is not the name of a header.
    pub fn in_header(
        token: impl Into<Secret>,
        name: impl TryInto<HeaderName>,
        template: impl AsRef<str>,
    ) -> Result<Self, AuthError> {
        let token = token.into();
        let token = token.expose();
        let template = template.as_ref();
        Self::placed(token, InHeader::new(name, template)?)
    }
}

impl Bearer<InQuery> {
    /// A query parameter: `?<name>=<token>`, percent-encoded. RFC 6750 calls it `access_token`.
    ///
    /// # Errors
    ///
    /// As [`Bearer::new`], and when the name is empty or has control characters.
    pub fn in_query(token: impl Into<Secret>, name: impl AsRef<str>) -> Result<Self, AuthError> {
        let token = token.into();
        let token = token.expose();
        let name = name.as_ref();
        Self::placed(token, InQuery::new(name)?)
    }
}

impl<P: Placement<Sent = ()>> Bearer<P> {
    /// In a place of your own.
    ///
    /// # Errors
    ///
    /// Those of [`Placement::place`].
    pub fn placed<'a>(token: impl Into<Issued<'a>>, placement: P) -> Result<Self, AuthError> {
        let placed = placement.place(token.into())?;
        Ok(Self { placement, placed })
    }
}

impl<P: Placement<Sent = ()>> Scheme for Bearer<P> {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.placement.claims(visit);
    }
}

impl<B, P: Put<B, Sent = ()>> Authorize<B> for Bearer<P> {
    #[inline]
    fn authorize(&self, (): (), request: &mut Request<B>) -> Result<(), AuthError> {
        self.placement.put(&self.placed, request)
    }
}

scheme!(slot(<P as Placement>::Slot) [P: Placement<Sent = ()>] Bearer<P>);

impl<P: Placement> fmt::Debug for Bearer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("placement", &self.placement)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn sent<P: Put<(), Sent = ()>>(bearer: Bearer<P>) -> Request<()> {
        let mut request = Request::get("https://h/?a=1").body(()).unwrap();
        bearer.authorize((), &mut request).unwrap();
        request
    }

    #[test]
    fn a_token_goes_where_it_is_told_to() {
        let request = sent(Bearer::new("t").unwrap());
        assert_eq!(request.headers()["authorization"], "Bearer t");
        let request = sent(Bearer::with_template("t", "Token token=\"{token}\"").unwrap());
        assert_eq!(request.headers()["authorization"], "Token token=\"t\"");
        let request = sent(Bearer::in_header("t", "X-Auth", "{token}").unwrap());
        assert_eq!(request.headers()["x-auth"], "t");
        assert!(request.headers()["x-auth"].is_sensitive());
        let request = sent(Bearer::in_query("t/+", "access_token").unwrap());
        assert_eq!(request.uri(), "https://h/?a=1&access_token=t%2F%2B");
    }

    #[test]
    fn unusable_tokens_and_templates_are_refused_by_name() {
        for bad in ["", "hunter2\n", "hunter 2", "hunter2é", "“hunter2”"] {
            let errors = [
                Bearer::new(bad).unwrap_err(),
                Bearer::in_header(bad, "x", "{token}").unwrap_err(),
                Bearer::in_query(bad, "x").unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert_eq!(error.parameter(), Some("token"), "{bad:?}");
                assert!(!error.to_string().contains("hunter"));
            }
        }
        for bad in [
            "",
            "Token",
            "Token {Token}",
            "Token {token}\n",
            " {token}",
            "é {token}",
        ] {
            let error = Bearer::with_template("t", bad).unwrap_err();
            assert_eq!(error.parameter(), Some("template"), "{bad:?}");
        }
        let error = Bearer::in_header("t", "a b", "{token}").unwrap_err();
        assert_eq!(error.parameter(), Some("header name"));
        let error = Bearer::in_query("t", "").unwrap_err();
        assert_eq!(error.parameter(), Some("parameter name"));
    }
}
