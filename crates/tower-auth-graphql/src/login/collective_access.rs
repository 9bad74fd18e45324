//! CollectiveAccess.

use super::{GraphQlLogin, LoginBuilder};
use std::collections::BTreeMap;
use tower_auth_core::Secret;

/// Queries, not mutations: that is how its `Auth` service has them.
const LOGIN: &str = "query login($username: String, $password: String) \
    { login(username: $username, password: $password) { jwt refresh } }";
const REFRESH: &str = "query refresh($token: String) { refresh(token: $token) { jwt } }";

impl GraphQlLogin {
    /// A login at the `Auth` service of [CollectiveAccess]: `<base>/service/Auth`.
    ///
    /// The services of CollectiveAccess answer a failed login with status 200 and a null `jwt`, an expired token with
    /// status 401 and `expiredToken`, and everything else that is wrong with a token with status 500 and a message that
    /// says nothing. Their `refresh` gives back the token that it was sent; the refresh token is then used as the token,
    /// until it expires too, and then there is a login.
    ///
    /// The token goes into `Authorization: Bearer` with
    /// [`TokenAuth::bearer`](tower_auth_token::TokenAuth::bearer); the file upload service also reads a query parameter
    /// `jwt` ([`InQuery`](tower_auth_core::bearer::InQuery)), and the fields of the GraphQL services an argument `jwt`
    /// ([`VariableAuth`](crate::VariableAuth)).
    ///
    /// ```
    /// use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
    /// use tower_auth_graphql::{Client, GraphQlLogin, GraphQlService};
    /// use tower_auth_token::TokenAuth;
    ///
    /// let hyper = Hyper::builder(TokioExecutor::new()).build_http();
    /// let bottom = GraphQlService::new(hyper.clone());
    /// let base = "https://archive.example.org";
    /// let login = GraphQlLogin::collective_access(base, "api-user", "password", bottom).build()?;
    /// let items = Client::builder(format!("{base}/service/Item"))?
    ///     .auth(TokenAuth::bearer(login))?
    ///     .build(hyper);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [CollectiveAccess]: https://manual.collectiveaccess.org/developer/graphql_api.html
    pub fn collective_access<S>(
        base: impl AsRef<str>,
        username: impl Into<Secret>,
        password: impl Into<Secret>,
        service: S,
    ) -> LoginBuilder<S> {
        let base = base.as_ref();
        let (username, password) = (username.into(), password.into());
        let variables = BTreeMap::from([
            ("username", username.expose()),
            ("password", password.expose()),
        ]);
        Self::builder(
            format!("{}/service/Auth", base.trim_end_matches('/')),
            service,
        )
        .login(LOGIN, &variables, "login.jwt")
        .refresh_token("login.refresh")
        .refresh(REFRESH, "token", "refresh.jwt")
    }
}
