//! Implicit (RFC 6749 section 4.2).

use super::{
    AUTHORIZATION_URL, BrowserGrant, Login,
    answer::{Expected, check_nonce},
    code::nonce,
    request::{page, parameters},
};
use crate::{
    TokenResponse,
    endpoint::TokenEndpoint,
    error::TokenError,
    form::Form,
    grant::{CheckedGrant, Flow, Grant, Obtain},
    pkce::unguessable,
    request::TokenRequest,
};
use bytes::Bytes;
use http::Response;
use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::runtime::Handle;
use tower_auth_browser::Answer;
use tower_auth_core::{AuthError, Secret};

/// The grant of [`OAuth2::implicit`](crate::OAuth2::implicit).
#[derive(Clone)]
pub struct Implicit(Login);

impl Implicit {
    pub(crate) fn new(authorization_url: &str, client_id: &str) -> Self {
        Self(Login::new(authorization_url, client_id))
    }
}

impl BrowserGrant for Implicit {
    fn login(&mut self) -> &mut Login {
        &mut self.0
    }
}

impl Grant for Implicit {
    fn check(self) -> Result<CheckedGrant, AuthError> {
        self.0.check()?;
        Ok(CheckedGrant(Box::new(Tokens {
            login: self.0,
            asked: AtomicBool::new(false),
        })))
    }
}

/// The flow itself.
struct Tokens {
    login: Login,
    /// The page was opened, and there is no token yet.
    asked: AtomicBool,
}

impl Tokens {
    async fn authorize(&self, endpoint: &TokenEndpoint) -> Result<TokenResponse, TokenError> {
        self.asked.store(false, Ordering::Relaxed);
        if Handle::try_current().is_err() {
            return Err(TokenError::no_runtime());
        }
        let login = &self.login;
        endpoint.endpoint.beside(AUTHORIZATION_URL, &login.url)?;
        let listener = login.browser.listen().await?;
        let mut parameters = parameters(login, endpoint, "token");
        let state = unguessable()?;
        parameters.push(("state".to_owned(), state.clone()));
        parameters.push(("redirect_uri".to_owned(), listener.redirect_uri().into()));
        let nonce = nonce(&login.url, &mut parameters)?;
        let page = page(&login.url, &parameters)?;
        let expected = Expected {
            login,
            state: &state,
            field: &endpoint.token_field,
        };
        self.asked.store(true, Ordering::Relaxed);
        let accept = |answer: &Answer, _: &Secret| {
            let response = read(answer, endpoint)?;
            // The answer is the ID token, or has one beside it.
            let id_token = match &*endpoint.token_field {
                "id_token" => Some(response.access_token()),
                _ => response.id_token(),
            };
            check_nonce(id_token, nonce.as_ref())?;
            Ok(response)
        };
        let response = listener
            .visit(page, |answer| expected.judge(answer, accept))
            .await
            .map_err(|refusal| refusal.into_error(&self.asked))?;
        self.asked.store(false, Ordering::Relaxed);
        Ok(response)
    }
}

/// The answer as if a token endpoint had sent it.
fn read(answer: &Answer, endpoint: &TokenEndpoint) -> Result<TokenResponse, TokenError> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in answer.iter() {
        form.append_pair(name, value.expose());
    }
    let clock = endpoint.endpoint.clock();
    let response = Response::new(Bytes::from(form.finish()));
    let response = TokenResponse::parse(&response, &endpoint.token_field, clock.now())?;
    let response = endpoint.judged(response.only(&endpoint.types)?);
    Ok(response.at(clock.monotonic()))
}

impl Flow for Tokens {
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form> {
        let mut form = Form::default();
        for (name, value) in parameters(&self.login, endpoint, "token") {
            form.push(name, value);
        }
        Some(form)
    }

    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint, _: TokenRequest) -> Obtain<'a> {
        Box::pin(self.authorize(endpoint))
    }

    fn httpx_auth_login(&self, endpoint: &TokenEndpoint) -> Option<(&str, Vec<(String, Secret)>)> {
        Some(super::httpx_auth_login(&self.login, endpoint, "token"))
    }

    fn keeps_refresh_tokens(&self) -> bool {
        false
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
        Some(self.login.patience())
    }
}

impl fmt::Debug for Implicit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Implicit")
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Implicit")
    }
}
