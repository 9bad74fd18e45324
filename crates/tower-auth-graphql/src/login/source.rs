//! Logs in, and refreshes.

use super::{
    jwt,
    query::{FieldPath, SecretQuery, members, received, secrets},
};
use crate::{AuthFailure, Body, Error, ErrorKind, Reply, Response, response::media};
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};
use tower_auth_core::{AuthError, ErrorKind as AuthErrorKind, Secret};
use tower_auth_http::Redactor;
use tower_auth_token::{Demand, Failure, Fetched, Source, Token, lifetime_from_seconds};

/// A source of tokens that logs in by GraphQL, for [`TokenAuth`](tower_auth_token::TokenAuth) or a
/// [`Cache`](tower_auth_token::Cache).
///
/// It talks to the endpoint through a service of its own, below all authentication: it never sends the token that just
/// expired, which some servers would refuse to look past.
///
/// * While there is a refresh token, it refreshes. When the server refuses, or answers with a token that is no better (the
///   same one, or one that has expired), it logs in, once. When the network fails, it does not.
/// * A login without a token is refused, even at status 200. Everybody who waits gets the error, and the cache backs off.
/// * The lifetime is read from the `exp` of the token, unless the builder was told otherwise.
///
/// ```
/// use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
/// use serde_json::json;
/// use tower_auth_graphql::{Client, GraphQlLogin, GraphQlService};
/// use tower_auth_token::TokenAuth;
///
/// let hyper = Hyper::builder(TokioExecutor::new()).build_http();
/// let login = GraphQlLogin::builder("https://api.example.com/graphql", GraphQlService::new(hyper.clone()))
///     .login(
///         "mutation($name: String!, $password: String!) { login(name: $name, password: $password) { token refresh } }",
///         &json!({"name": "alice", "password": "open sesame"}),
///         "login.token",
///     )
///     .refresh_token("login.refresh")
///     .refresh("mutation($token: String!) { renew(token: $token) { token refresh } }", "token", "renew.token")
///     .build()?;
/// let client = Client::builder("https://api.example.com/graphql")?
///     .auth(TokenAuth::bearer(login))?
///     .build(hyper);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GraphQlLogin(Arc<Inner>);

struct Inner {
    plan: Plan,
    send: Arc<Send>,
}

/// Sends a body to the endpoint.
pub(super) type Send = dyn Fn(Body) -> SendFuture + std::marker::Send + Sync;
type SendFuture =
    Pin<Box<dyn Future<Output = Result<http::Response<Reply>, Error>> + std::marker::Send>>;

pub(super) struct Plan {
    pub(super) login: SecretQuery,
    pub(super) token: FieldPath,
    pub(super) refresh_token: Option<FieldPath>,
    pub(super) refresh: Option<Refresh>,
    pub(super) lifetime: Lifetime,
}

pub(super) struct Refresh {
    pub(super) document: Cow<'static, str>,
    pub(super) variable: String,
    pub(super) token: FieldPath,
    pub(super) refresh_token: Option<FieldPath>,
    pub(super) lifetime: Option<FieldPath>,
}

pub(super) enum Lifetime {
    Jwt,
    Field(FieldPath),
    Fixed(Duration),
}

/// What an operation brought.
struct Brought {
    token: Secret,
    refresh: Option<Secret>,
    data: Value,
}

impl GraphQlLogin {
    pub(super) fn new(plan: Plan, send: Arc<Send>) -> Self {
        Self(Arc::new(Inner { plan, send }))
    }

    async fn ask(
        &self,
        query: &SecretQuery,
        token: &FieldPath,
        refresh: Option<&FieldPath>,
    ) -> Result<Brought, Error> {
        let reply = (self.0.send)(query.body()?).await?.into_body();
        let mut response = reply.into_single()?;
        let data = response.data.take();
        let data: Value = data.map_or(Ok(Value::Null), |data| data.decode())?;
        if let Some(token) = token.text(&data) {
            return Ok(Brought {
                token,
                refresh: refresh.and_then(|path| path.text(&data)),
                data,
            });
        }
        let mut redactor = query.redactor();
        let paths = [Some(token), refresh].into_iter().flatten();
        for value in paths.filter_map(|path| path.find(&data)) {
            secrets(value, &mut redactor);
        }
        received(&data, &mut redactor);
        for error in &response.errors {
            members(&error.extensions, &mut redactor);
            members(&error.other, &mut redactor);
        }
        members(&response.extensions, &mut redactor);
        Err(refused(&response, &redactor))
    }

    /// Refreshes. `None` when a login is needed instead.
    async fn refresh(&self, demand: &Demand<Token>) -> Result<Option<Fetched<Token>>, Error> {
        let (Some(refresh), Some(previous)) = (&self.0.plan.refresh, &demand.previous) else {
            return Ok(None);
        };
        let Some(old) = previous.refresh() else {
            return Ok(None);
        };
        if jwt::is_expired(old.expose(), demand.clock.now()) {
            return Ok(None);
        }
        let mut variables = Map::new();
        variables.insert(refresh.variable.clone(), old.expose().into());
        let query = SecretQuery::new(refresh.document.clone(), &variables)?;
        let brought = match self
            .ask(&query, &refresh.token, refresh.refresh_token.as_ref())
            .await
        {
            Ok(brought) => brought,
            Err(error) if is_network(&error) => return Err(error),
            Err(_) => return Ok(None),
        };
        let now = demand.clock.now();
        if brought.token.expose() == previous.access().expose()
            || jwt::is_expired(brought.token.expose(), now)
        {
            return Ok(None); // no better than what there was
        }
        let beside = refresh.lifetime.as_ref();
        Ok(Some(self.fetched(brought, Some(previous), beside, demand)))
    }

    fn fetched(
        &self,
        brought: Brought,
        refreshed: Option<&Token>,
        beside: Option<&FieldPath>,
        demand: &Demand<Token>,
    ) -> Fetched<Token> {
        let token = Token::new(brought.token.clone())
            .with_refresh(brought.refresh)
            .or_refresh_of(refreshed);
        let by_jwt = |token| jwt::of_new(token, demand.clock.now());
        match &self.0.plan.lifetime {
            Lifetime::Jwt => by_jwt(token),
            Lifetime::Fixed(lifetime) => Fetched::new(token).lifetime(*lifetime),
            Lifetime::Field(path) => {
                let said = beside.into_iter().chain([path]);
                let seconds = said.filter_map(|path| path.seconds(&brought.data)).next();
                match seconds.and_then(lifetime_from_seconds) {
                    Some(lifetime) => Fetched::new(token).lifetime(lifetime),
                    None => by_jwt(token),
                }
            }
        }
    }
}

/// A response without a token. The server may repeat the variables, and so the password, in what it says; and what else
/// it issued in the same answer, such as a refresh token.
fn refused(response: &Response, redactor: &Redactor) -> Error {
    let failure = response.auth_failure.unwrap_or(AuthFailure::Refused);
    let context = match response.errors.first() {
        None => "the server issued no token".to_owned(),
        Some(error) => {
            let message = redactor.clean(&error.message);
            let message = media::clip(&message, 200);
            match error.code().map(|code| redactor.clean(code)) {
                Some(code) => {
                    let code = media::clip(&code, 64);
                    format!("the server issued no token, but an error: {message} (code {code})")
                }
                None => format!("the server issued no token, but an error: {message}"),
            }
        }
    };
    Error::new(ErrorKind::Auth(failure), context)
}

/// Whether it says nothing about the credentials.
fn is_network(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Transport | ErrorKind::Timeout(_)) && {
        error
            .status()
            .is_none_or(|status| status.is_server_error() && status != 500)
    }
}

impl Source for GraphQlLogin {
    type Value = Token;

    async fn fetch(&self, demand: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        let failed = |what: &'static str| {
            move |error: Error| {
                let mut failed = AuthError::new(AuthErrorKind::Credentials, what);
                if let Some(status) = error.status() {
                    failed = failed.with_status(status);
                }
                if let Some(wait) = error.retry_after() {
                    failed = failed.with_retry_after(wait);
                }
                if error.is_transient() {
                    failed = failed.transient();
                }
                failed.with_source(error)
            }
        };
        if let Some(fetched) = self
            .refresh(&demand)
            .await
            .map_err(failed("the login could not be refreshed"))?
        {
            tracing::debug!("login was refreshed");
            return Ok(fetched);
        }
        let plan = &self.0.plan;
        let brought = self
            .ask(&plan.login, &plan.token, plan.refresh_token.as_ref())
            .await
            .map_err(|error| {
                let what = match error.kind() {
                    ErrorKind::Auth(AuthFailure::Unavailable) => "the login was not sent",
                    ErrorKind::Auth(_) => {
                        "the login was refused; are the user name and password right?"
                    }
                    _ => "the login failed",
                };
                failed(what)(error)
            })?;
        tracing::debug!("logged in");
        Ok(self.fetched(brought, None, None, &demand))
    }
}

impl fmt::Debug for GraphQlLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphQlLogin").finish_non_exhaustive()
    }
}
