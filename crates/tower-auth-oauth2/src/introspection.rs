//! Introspection: asking the server about a token (RFC 7662).

use crate::{ClientAuth, HttpClient, TokenHint, endpoint::Endpoint, fields::Fields, form::Form};
use serde_json::{Map, Value};
use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tower_auth_core::{AuthError, Secret};

/// Asks a server about tokens (RFC 7662). Cheap to clone. Answers are not cached.
#[derive(Clone, Debug)]
pub struct Introspection(Endpoint);

impl Introspection {
    /// At this endpoint, reached by the default client (feature `client`, or `rustls` for https), unless there is
    /// [another](Self::http_client).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the URL is neither https nor of this
    /// machine.
    pub fn new(url: impl AsRef<str>, auth: ClientAuth) -> Result<Self, AuthError> {
        Self::reached(url.as_ref(), false, auth, None)
    }

    /// At a server whose metadata is known.
    pub(crate) fn reached(
        url: &str,
        allow_localhost: bool,
        auth: ClientAuth,
        http: Option<HttpClient>,
    ) -> Result<Self, AuthError> {
        Endpoint::alone("introspection_url", url, allow_localhost, auth, http).map(Self)
    }

    /// Reaches the server by this client.
    #[must_use]
    pub fn http_client(self, client: HttpClient) -> Self {
        Self(self.0.http_client(client))
    }

    /// What the server knows of a token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) with a [`TokenError`](crate::TokenError); an answer that does not
    /// say whether the token is active is one, and not a no.
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when there is no client.
    pub async fn introspect(
        &self,
        token: impl Into<Secret>,
        hint: Option<TokenHint>,
    ) -> Result<TokenState, AuthError> {
        let mut form = Form::default().with("token", token);
        if let Some(hint) = hint {
            form.push("token_type_hint", hint.name());
        }
        let answer = self.0.call(form).await.and_then(|fields| {
            let fields = fields.unwrap_or_default();
            match fields.get("active") {
                Some(Value::Bool(active)) => Ok(TokenState {
                    active: *active,
                    fields,
                }),
                _ => Err(self.0.malformed("no `active`")),
            }
        });
        answer.map_err(|error| error.into_auth("the token could not be introspected"))
    }
}

/// What a server knows of a token (RFC 7662 section 2.2). `Debug` shows whether it is active only.
#[derive(Clone)]
pub struct TokenState {
    active: bool,
    fields: Fields,
}

impl TokenState {
    /// Whether it is good. When not, nothing else is known.
    pub fn is_active(&self) -> bool {
        self.active
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// `scope`
    pub fn scope(&self) -> Option<&str> {
        self.text("scope")
    }

    /// `client_id`: whom it was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.text("client_id")
    }

    /// `username`, for people.
    pub fn username(&self) -> Option<&str> {
        self.text("username")
    }

    /// `sub`: whom it speaks for.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// `iss`
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// `aud`: whom it is for.
    pub fn audience(&self) -> Vec<&str> {
        match self.fields.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// `exp`
    pub fn expires_at(&self) -> Option<SystemTime> {
        let seconds = self.fields.get("exp").and_then(Value::as_u64)?;
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }

    /// All of it.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }
}

impl fmt::Debug for TokenState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenState")
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}
