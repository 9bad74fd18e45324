//! Logins in a browser (RFC 6749 sections 4.1 and 4.2).

mod answer;
mod code;
#[cfg(feature = "implicit")]
mod implicit;
mod request;

pub use self::code::AuthorizationCode;
#[cfg(feature = "implicit")]
pub use self::implicit::Implicit;

use crate::{OAuth2Builder, url};
use std::time::Duration;
use tower_auth_browser::Browser;
use tower_auth_core::AuthError;

const AUTHORIZATION_URL: &str = "authorization_url";

/// What never goes into an address: those who may see it are browsers with their histories, and proxies.
const SECRETS: [&str; 8] = [
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code_verifier",
    "password",
    "refresh_token",
    "subject_token",
];

/// What is made afresh for each login, or follows from other settings.
const MADE: [&str; 5] = [
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "request_uri",
    "state",
];

/// What all logins in a browser are told.
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "nobody else can make one, and so no grant")]
pub struct Login {
    pub(super) url: String,
    pub(super) client_id: String,
    pub(super) browser: Browser,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) issuer: Option<String>,
    /// The server says that it names itself in every answer.
    pub(super) names_issuer: bool,
    /// httpx_auth has the secret in the address, and so in its key.
    pub(super) secret_in_key: bool,
}

/// A grant with a login in a browser. Those of this crate are; nobody else can make one.
pub trait BrowserGrant {
    #[doc(hidden)]
    fn login(&mut self) -> &mut Login;
}

impl Login {
    pub(super) fn new(url: &str, client_id: &str) -> Self {
        Self {
            url: url.to_owned(),
            client_id: client_id.to_owned(),
            browser: Browser::default(),
            parameters: Vec::new(),
            issuer: None,
            names_issuer: false,
            secret_in_key: false,
        }
    }

    pub(super) fn check(&self) -> Result<(), AuthError> {
        // Whether `localhost` is allowed is known when the endpoint is.
        url::endpoint(AUTHORIZATION_URL, &self.url, true)?;
        let refuse = |parameter, name: &str, why: &str| {
            Err(AuthError::configuration(
                parameter,
                format!("has `{name}`, {why}"),
            ))
        };
        const SECRET: &str = "which must not be seen in a browser; say it with `client_auth`, or with `parameter` to the \
                              token endpoint only";
        for (name, _) in request::query_of(&self.url) {
            if SECRETS.contains(&&*name) {
                return refuse(AUTHORIZATION_URL, &name, SECRET);
            }
        }
        for (name, _) in &self.parameters {
            if SECRETS.contains(&&**name) {
                return refuse("authorization_parameter", name, SECRET);
            }
            if MADE.contains(&&**name) {
                return refuse(
                    "authorization_parameter",
                    name,
                    "which is made for each login",
                );
            }
        }
        Ok(())
    }

    /// How long it may take: until there is a port, and then until the person is back.
    pub(super) fn patience(&self) -> Duration {
        self.browser
            .time_limit()
            .saturating_mul(2)
            .saturating_add(Duration::from_secs(5))
    }
}

impl<G: BrowserGrant, P> OAuth2Builder<G, P> {
    /// How the browser is opened, and where on this machine it comes back to. By default the browser of the system,
    /// `http://localhost:5000/`, and one minute: see [`Browser`].
    pub fn browser(mut self, browser: Browser) -> Self {
        self.grant.login().browser = browser;
        self
    }

    /// Another parameter of the authorization request: `prompt`, `login_hint`, `response_mode` … It replaces one of the
    /// same name in the authorization URL, and the scope; but a `response_type` of the URL stays. For the token request
    /// there is [`parameter`](Self::parameter).
    ///
    /// Secrets are refused by `build`: the address can be seen in the browser, and where it was.
    pub fn authorization_parameter(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let parameters = &mut self.grant.login().parameters;
        parameters.push((name.into(), value.into()));
        self
    }

    /// Who issues the tokens: an answer that names another issuer (`iss`, RFC 9207) is refused. Metadata say it by
    /// themselves, and whether an answer without it is refused, too.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.grant.login().issuer = Some(issuer.into());
        self
    }
}

/// The address that httpx_auth hashes for its key: what is the same for every login, without a nonce.
fn httpx_auth_login<'a>(
    login: &'a Login,
    endpoint: &crate::endpoint::TokenEndpoint,
    response_type: &str,
) -> (&'a str, Vec<(String, tower_auth_core::Secret)>) {
    let mut parameters = request::parameters(login, endpoint, response_type);
    parameters.retain(|(name, _)| name != "nonce");
    if let Some(secret) = endpoint
        .endpoint
        .auth()
        .secret()
        .filter(|_| login.secret_in_key)
    {
        parameters.insert(
            1.min(parameters.len()),
            ("client_secret".to_owned(), secret.clone()),
        );
    }
    (&login.url, parameters)
}
