//! Authorization code (RFC 6749 section 4.1), with a proof key (RFC 7636).

use super::{
    AUTHORIZATION_URL, BrowserGrant, Login,
    answer::{Expected, check_nonce},
    request::{Parameters, page, parameters, query_of, wants_id_token},
};
use crate::{
    OAuth2Builder, TokenResponse,
    endpoint::TokenEndpoint,
    error::TokenError,
    form::Form,
    grant::{CheckedGrant, Flow, Grant, Obtain},
    pkce::{Pkce, unguessable},
    request::TokenRequest,
    url,
};
use std::{
    borrow::Cow,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::runtime::Handle;
use tower_auth_core::{AuthError, Secret};

const PUSHED_URL: &str = "pushed_authorization_url";

/// The grant of [`OAuth2::authorization_code`](crate::OAuth2::authorization_code).
#[derive(Clone)]
pub struct AuthorizationCode {
    login: Login,
    proves_key: bool,
    pushed_url: Option<String>,
    code_field: Cow<'static, str>,
}

impl AuthorizationCode {
    pub(crate) fn new(authorization_url: &str, client_id: &str) -> Self {
        Self {
            login: Login::new(authorization_url, client_id),
            proves_key: true,
            pushed_url: None,
            code_field: Cow::Borrowed("code"),
        }
    }
}

impl BrowserGrant for AuthorizationCode {
    fn login(&mut self) -> &mut Login {
        &mut self.login
    }
}

impl<P> OAuth2Builder<AuthorizationCode, P> {
    /// Pushes the authorization request to this endpoint first (RFC 9126): it goes there by the client itself, which
    /// authenticates, and only a reference to it goes through the browser. Metadata say it by themselves.
    pub fn pushed_authorization_url(mut self, url: impl Into<String>) -> Self {
        self.grant.pushed_url = Some(url.into());
        self
    }

    /// Sends the authorization request through the browser, though the server takes pushed ones.
    pub fn without_pushed_authorization(mut self) -> Self {
        self.grant.pushed_url = None;
        self
    }

    /// The parameter of the answer that holds the code: `code` by default.
    pub fn code_field_name(mut self, name: impl Into<String>) -> Self {
        self.grant.code_field = Cow::Owned(name.into());
        self
    }

    /// Without a proof key (RFC 7636): for servers that refuse one. Whoever steals the code can redeem it, and codes of
    /// others can be slipped in (RFC 9700 section 2.1.1).
    pub fn danger_without_pkce(mut self) -> Self {
        self.grant.proves_key = false;
        self
    }

    /// Answers have to name their issuer.
    pub(crate) fn issuer_is_named(mut self, is_named: bool) -> Self {
        self.grant.login.names_issuer = is_named;
        self
    }

    /// httpx_auth makes its key with the client's secret, since it sends that through the browser.
    pub(crate) fn secret_in_key(mut self, is_in_it: bool) -> Self {
        self.grant.login.secret_in_key = is_in_it;
        self
    }
}

impl Grant for AuthorizationCode {
    fn check(self) -> Result<CheckedGrant, AuthError> {
        self.login.check()?;
        if let Some(url) = &self.pushed_url {
            url::endpoint(PUSHED_URL, url, true)?;
        }
        if self.code_field.is_empty() {
            return Err(AuthError::configuration("code_field_name", "is empty"));
        }
        Ok(CheckedGrant(Box::new(Code {
            grant: self,
            asked: AtomicBool::new(false),
        })))
    }
}

/// The flow itself.
struct Code {
    grant: AuthorizationCode,
    /// The page was opened, and there is no token yet.
    asked: AtomicBool,
}

impl Code {
    async fn authorize(&self, endpoint: &TokenEndpoint) -> Result<TokenResponse, TokenError> {
        self.asked.store(false, Ordering::Relaxed);
        if Handle::try_current().is_err() {
            return Err(TokenError::no_runtime());
        }
        let login = &self.grant.login;
        // Whether it may be `localhost`.
        endpoint.endpoint.beside(AUTHORIZATION_URL, &login.url)?;
        let listener = login.browser.listen().await?;
        let redirect_uri = listener.redirect_uri();
        let mut parameters = parameters(login, endpoint, "code");
        let state = unguessable()?;
        parameters.push(("state".to_owned(), state.clone()));
        parameters.push(("redirect_uri".to_owned(), (&redirect_uri).into()));
        let nonce = nonce(&login.url, &mut parameters)?;
        let pkce = if self.grant.proves_key {
            let pkce = Pkce::fresh()?;
            parameters.push(("code_challenge".to_owned(), pkce.challenge().into()));
            parameters.push(("code_challenge_method".to_owned(), "S256".into()));
            Some(pkce)
        } else {
            None
        };
        let parameters = match &self.grant.pushed_url {
            Some(url) => self.push(endpoint, url, parameters).await?,
            None => parameters,
        };
        let page = page(&login.url, &parameters)?;

        let expected = Expected {
            login,
            state: &state,
            field: &self.grant.code_field,
        };
        self.asked.store(true, Ordering::Relaxed);
        let visit = listener.visit(page, |answer| {
            expected.judge(answer, |_, code| Ok(code.clone()))
        });
        let code = visit
            .await
            .map_err(|refusal| refusal.into_error(&self.asked))?;

        let form = Form::grant("authorization_code").with("redirect_uri", &redirect_uri);
        let mut form = endpoint.complete_without_scope(form);
        form.set("redirect_uri", &redirect_uri);
        form.set("code", &code);
        if let Some(pkce) = &pkce {
            form.set("code_verifier", pkce.verifier());
        }
        let response = endpoint.ask(&endpoint.request(form)).await?;
        check_nonce(response.id_token(), nonce.as_ref())
            .map_err(|error| error.at(endpoint.endpoint.uri()))?;
        self.asked.store(false, Ordering::Relaxed);
        Ok(response)
    }

    /// Pushes the request; what is left for the browser is a reference (RFC 9126 sections 2 and 4).
    async fn push(
        &self,
        endpoint: &TokenEndpoint,
        url: &str,
        parameters: Parameters,
    ) -> Result<Parameters, TokenError> {
        let pushed = endpoint.endpoint.beside(PUSHED_URL, url)?;
        let mut form = Form::default();
        // What the authorization URL says by itself is part of the request.
        for (name, value) in super::request::query_of(&self.grant.login.url) {
            if !parameters.iter().any(|(known, _)| *known == name) {
                form.push(name.into_owned(), value.into_owned());
            }
        }
        for (name, value) in parameters {
            form.push(name, value);
        }
        let mut request = pushed.request(form);
        if let Some(id) = pushed.client_id_in_body() {
            request.form.set("client_id", id);
        }
        let mut fields = request.call().await?.unwrap_or_default();
        let reference = fields
            .take_text("request_uri")
            .ok_or_else(|| pushed.malformed("no `request_uri`"))?;
        let client_id = self.grant.login.client_id.as_str();
        Ok(vec![
            ("client_id".to_owned(), client_id.into()),
            ("request_uri".to_owned(), reference.into()),
        ])
    }
}

/// Adds a nonce where an ID token is asked for, unless the caller did.
pub(super) fn nonce(url: &str, parameters: &mut Parameters) -> Result<Option<Secret>, AuthError> {
    let given = parameters.iter().find(|(name, _)| name == "nonce");
    if let Some((_, nonce)) = given {
        return Ok(Some(nonce.clone()));
    }
    let given = query_of(url).find(|(name, value)| name == "nonce" && !value.is_empty());
    if let Some((_, nonce)) = given {
        return Ok(Some(nonce.into_owned().into()));
    }
    if !wants_id_token(url, parameters) {
        return Ok(None);
    }
    let nonce = unguessable()?;
    parameters.push(("nonce".to_owned(), nonce.clone()));
    Ok(Some(nonce))
}

impl Flow for Code {
    /// What is the same for every login, of both requests. What the page is asked has names of its own here: a parameter
    /// of the token request takes the place of one of its name, and would hide what the page is asked.
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form> {
        let mut form =
            Form::grant("authorization_code").with("authorization_url?", &self.grant.login.url);
        for (name, value) in parameters(&self.grant.login, endpoint, "code") {
            form.push(format!("authorization_url?{name}"), value);
        }
        Some(endpoint.complete_without_scope(form))
    }

    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint, _: TokenRequest) -> Obtain<'a> {
        Box::pin(self.authorize(endpoint))
    }

    fn httpx_auth_login(&self, endpoint: &TokenEndpoint) -> Option<(&str, Vec<(String, Secret)>)> {
        Some(super::httpx_auth_login(&self.grant.login, endpoint, "code"))
    }

    fn is_interactive(&self) -> bool {
        true
    }

    fn waits_for_person(&self) -> bool {
        true
    }

    fn person_was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.grant.login.patience())
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationCode")
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationCode")
    }
}
