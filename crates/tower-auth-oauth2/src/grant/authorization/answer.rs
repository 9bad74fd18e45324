//! What comes back from the authorization endpoint (RFC 6749 sections 4.1.2 and 4.2.2).

use super::Login;
use crate::{
    error::{ErrorResponse, TokenError, What},
    pkce::is_same,
    response::lifetime,
    url,
};
use serde_json::{Map, Value};
use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};
use tower_auth_browser::{Answer, BrowserError, BrowserErrorKind, Repeated, Verdict};
use tower_auth_core::Secret;
use tower_auth_http::Redactor;

/// What an answer has to say.
pub(super) struct Expected<'a> {
    pub(super) login: &'a Login,
    pub(super) state: &'a Secret,
    /// The parameter that it is all about.
    pub(super) field: &'a str,
}

impl Expected<'_> {
    /// Looks at an answer: one with another state is of another login, or of somebody who was never sent here.
    pub(super) fn judge<T>(
        &self,
        answer: &Answer,
        accept: impl FnOnce(&Answer, &Secret) -> Result<T, TokenError>,
    ) -> Verdict<T, Refusal> {
        match answer.one("state") {
            Ok(Some(state)) if is_same(state.expose(), self.state.expose()) => {}
            _ => return Verdict::NotExpected,
        }
        match self.read(answer).and_then(|value| accept(answer, value)) {
            Ok(value) => Verdict::Accepted(value),
            Err(error) => Verdict::Refused(Refusal(self.at(error))),
        }
    }

    fn read<'a>(&self, answer: &'a Answer) -> Result<&'a Secret, TokenError> {
        self.check_issuer(answer)?;
        match answer.one(self.field) {
            Ok(Some(value)) if !value.is_empty() => Ok(value),
            _ if answer.all("error").next().is_some() => {
                let response = ErrorResponse::of_authorization(fields(answer).into());
                Err(What::Authorization(Box::new(response)).into())
            }
            Ok(_) => Err(What::Answer("neither what was asked for nor an error").into()),
            Err(Repeated) => Err(What::Answer("more than one of what was asked for").into()),
        }
    }

    /// RFC 9207 section 2.4, also of errors: an answer of one server must not be taken for that of another.
    fn check_issuer(&self, answer: &Answer) -> Result<(), TokenError> {
        let Some(issuer) = &self.login.issuer else {
            return Ok(());
        };
        match answer.one("iss") {
            Ok(Some(named)) if named.expose() == issuer => Ok(()),
            Ok(None) if !self.login.names_issuer => Ok(()),
            Ok(named) => Err(What::AnswerOfOther {
                named: named.map(|named| named.expose().to_owned()),
            }
            .into()),
            Err(Repeated) => Err(What::Answer("more than one issuer").into()),
        }
    }

    fn at(&self, error: TokenError) -> TokenError {
        let error = error.without(&Redactor::new());
        match url::endpoint(super::AUTHORIZATION_URL, &self.login.url, true) {
            Ok(uri) => error.at(&uri),
            Err(_) => error,
        }
    }
}

/// Why there is no token, in words for the person in front of the browser.
pub(super) struct Refusal(TokenError);

impl Refusal {
    /// The error itself. Of a page that could not be opened nobody was asked.
    pub(super) fn into_error(self, asked: &AtomicBool) -> TokenError {
        let kind = self.0.browser().map(BrowserError::kind);
        if kind == Some(BrowserErrorKind::NoBrowser) {
            asked.store(false, Ordering::Relaxed);
        }
        self.0
    }
}

impl From<BrowserError> for Refusal {
    fn from(error: BrowserError) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.response() {
            Some(response) => f.write_str(&response.explanation()),
            None => self.0.fmt(f),
        }
    }
}

/// All but the state, which is ours, and the code; of several values the first.
fn fields(answer: &Answer) -> Map<String, Value> {
    let mut fields = Map::new();
    let told = answer
        .iter()
        .filter(|(name, _)| !matches!(*name, "state" | "iss" | "code"));
    for (name, value) in told {
        let value = || Value::from(value.expose());
        fields.entry(name).or_insert_with(value);
    }
    fields
}

/// Whether an ID token was issued for this login (OpenID Connect Core section 3.1.3.7, number 11).
///
/// Its signature is not checked here. One that is encrypted is not read.
pub(super) fn check_nonce(
    id_token: Option<&Secret>,
    nonce: Option<&Secret>,
) -> Result<(), TokenError> {
    let (Some(id_token), Some(nonce)) = (id_token, nonce) else {
        return Ok(());
    };
    let Some(mut claims) = lifetime::claims(id_token.expose()) else {
        return Ok(());
    };
    match claims.take_text("nonce") {
        Some(named) if is_same(&named, nonce.expose()) => Ok(()),
        _ => Err(What::Nonce.into()),
    }
}
