//! Builds a login.

use super::{
    GraphQlLogin,
    query::{FieldPath, SecretQuery},
    source::{Lifetime, Plan, Refresh, Send},
};
use crate::{Body, Error, Reply};
use http::{Method, Request, Response, Uri};
use serde::Serialize;
use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tower_auth_core::{AuthError, AuthLayer, Basic, Error as Stacked, Origin, endpoint};
use tower_layer::Layer as _;
use tower_service::Service;

/// Builds a [`GraphQlLogin`].
#[must_use]
pub struct LoginBuilder<S> {
    endpoint: Result<Uri, AuthError>,
    service: S,
    plaintext: bool,
    login: Option<Result<SecretQuery, AuthError>>,
    token: String,
    refresh_token: Option<String>,
    refresh: Option<(Cow<'static, str>, String, String)>,
    lifetime: LifetimeOption,
}

enum LifetimeOption {
    Jwt,
    Field(String),
    Fixed(Duration),
}

impl GraphQlLogin {
    /// A login at this endpoint, over a [`GraphQlService`](crate::GraphQlService) that has no authentication above it.
    pub fn builder<S>(endpoint: impl TryInto<Uri>, service: S) -> LoginBuilder<S> {
        LoginBuilder::new(endpoint, service)
    }
}

impl<S> LoginBuilder<S> {
    fn new(endpoint: impl TryInto<Uri>, service: S) -> Self {
        let endpoint = endpoint
            .try_into()
            .map_err(|_| AuthError::configuration("endpoint", "is no URI"))
            .and_then(|endpoint: Uri| endpoint::parse_any("endpoint", &endpoint.to_string()));
        Self {
            endpoint,
            service,
            plaintext: false,
            login: None,
            token: String::new(),
            refresh_token: None,
            refresh: None,
            lifetime: LifetimeOption::Jwt,
        }
    }

    /// The operation that logs in, its variables (user name and password), and where in the data the token is:
    /// `login.jwt`. A token that is null, empty or absent is a refused login, whatever else the server says.
    pub fn login(
        mut self,
        document: impl Into<Cow<'static, str>>,
        variables: &impl Serialize,
        token: impl Into<String>,
    ) -> Self {
        self.login = Some(SecretQuery::new(document.into(), variables));
        self.token = token.into();
        self
    }

    /// Where in the data of a login the refresh token is: `login.refresh`.
    pub fn refresh_token(mut self, path: impl Into<String>) -> Self {
        self.refresh_token = Some(path.into());
        self
    }

    /// The operation that refreshes, the name of its variable for the refresh token, and where in the data the new token
    /// is. When the data have a new refresh token too, beside the token under the name that
    /// [`refresh_token`](Self::refresh_token) ends with, it replaces the old one.
    pub fn refresh(
        mut self,
        document: impl Into<Cow<'static, str>>,
        variable: impl Into<String>,
        token: impl Into<String>,
    ) -> Self {
        self.refresh = Some((document.into(), variable.into(), token.into()));
        self
    }

    /// Where in the data of a login the token's lifetime is, in seconds. In the data of a refresh it is beside the token
    /// under the same name, or at this very place. Where it is not said, and by default, it is read from the `exp` of
    /// the token, when that is a JWT.
    pub fn expires_in(mut self, path: impl Into<String>) -> Self {
        self.lifetime = LifetimeOption::Field(path.into());
        self
    }

    /// How long tokens live, when the server does not say. By default it is read from the `exp` of the token, when that
    /// is a JWT; a token whose end is not known is used until it is refused.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = LifetimeOption::Fixed(lifetime);
        self
    }

    /// The password may go over unencrypted http to another machine. Everybody on the way can read it.
    pub fn danger_allow_plaintext(mut self) -> Self {
        self.plaintext = true;
        self
    }

    /// The login.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the endpoint is no absolute URI, or
    /// http at another machine without [`danger_allow_plaintext`](Self::danger_allow_plaintext), there is no login operation, its variables are no object, or a path is none.
    pub fn build(self) -> Result<GraphQlLogin, AuthError>
    where
        S: Service<Request<Body>, Response = Response<Reply>, Error = Error>
            + Clone
            + std::marker::Send
            + 'static,
        S::Future: std::marker::Send,
    {
        let login = self.login.unwrap_or_else(|| {
            Err(AuthError::configuration(
                "login",
                "is missing; say how to log in",
            ))
        })?;
        let path = FieldPath::new;
        let refresh_token = self
            .refresh_token
            .map(|at| path("refresh token", &at))
            .transpose()?;
        let lifetime = match self.lifetime {
            LifetimeOption::Jwt => Lifetime::Jwt,
            LifetimeOption::Fixed(lifetime) => Lifetime::Fixed(lifetime),
            LifetimeOption::Field(at) => Lifetime::Field(path("lifetime", &at)?),
        };
        let refresh = match self.refresh {
            None => None,
            Some((document, variable, token)) => {
                let token = path("refreshed token", &token)?;
                Some(Refresh {
                    document,
                    variable,
                    refresh_token: refresh_token.as_ref().map(|at| at.beside(&token)),
                    lifetime: match &lifetime {
                        Lifetime::Field(at) => Some(at.beside(&token)),
                        _ => None,
                    },
                    token,
                })
            }
        };
        let plan = Plan {
            login,
            token: path("token", &self.token)?,
            refresh_token,
            refresh,
            lifetime,
        };
        let endpoint = self.endpoint?;
        let send = sender(self.service, endpoint, self.plaintext)?;
        Ok(GraphQlLogin::new(plan, send))
    }
}

/// Sends bodies to the endpoint, through a layer that guards the scope and adds nothing: a password is a credential too.
fn sender<S>(service: S, endpoint: Uri, plaintext: bool) -> Result<Arc<Send>, AuthError>
where
    S: Service<Request<Body>, Response = Response<Reply>, Error = Error>
        + Clone
        + std::marker::Send
        + 'static,
    S::Future: std::marker::Send,
{
    let mut guard = AuthLayer::new(None::<Basic>);
    if plaintext {
        guard = guard.danger_allow_plaintext();
    }
    let guard = guard.only_to(&*Origin::of(&endpoint)?.to_string())?;
    let service = Mutex::new(guard.layer(service));
    Ok(Arc::new(move |body| {
        let mut service = service
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint.clone();
        Box::pin(async move {
            let sent = async {
                std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(request).await
            };
            sent.await.map_err(|error| match error {
                Stacked::Auth(error) => Error::from(error),
                Stacked::Inner(error) => error.into_inner(),
            })
        })
    }))
}

impl<S> fmt::Debug for LoginBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginBuilder")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
