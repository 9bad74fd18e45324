//! What the scheme of a vector is made of.

use super::{record::Headers, user::Letter};
use crate::case::Why;
use crate::server::send;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Request;
use serde::Deserialize;
use tower_auth_core::{AuthError, Basic, BoxScheme, HeaderApiKey, QueryApiKey};

/// A scheme, not built yet. Without a name, a key goes where it goes by default.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Term {
    Basic {
        username: String,
        password: String,
    },
    Header {
        name: Option<String>,
        key: String,
    },
    Query {
        name: Option<String>,
        key: String,
    },
    /// A user's own: appends its letter to the header `x-order`.
    Letter(char),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Basic,
    Header,
    Query,
    Letter,
}

/// A scheme as our own recorder writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "scheme", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Input {
    Basic {
        username: String,
        password: String,
    },
    Header {
        key: Option<String>,
        name: Option<String>,
    },
    Query {
        key: Option<String>,
        name: Option<String>,
    },
    Letter {
        letter: char,
    },
}

impl Term {
    pub(super) fn read(input: &Input) -> Result<Self, Why> {
        let given = |key: &Option<String>| {
            key.clone()
                .ok_or_else(|| "Rust cannot say `None` where a key belongs".to_owned())
        };
        Ok(match input.clone() {
            Input::Basic { username, password } => Self::Basic { username, password },
            Input::Header { key, name } => Self::Header {
                name,
                key: given(&key)?,
            },
            Input::Query { key, name } => Self::Query {
                name,
                key: given(&key)?,
            },
            Input::Letter { letter } => Self::Letter(letter),
        })
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Basic { .. } => Kind::Basic,
            Self::Header { .. } => Kind::Header,
            Self::Query { .. } => Kind::Query,
            Self::Letter(_) => Kind::Letter,
        }
    }

    /// The query parameter that it writes, decoded.
    pub(super) fn parameter(&self) -> Option<(&str, &str)> {
        match self {
            Self::Query { name, key } => Some((name.as_deref().unwrap_or("api_key"), key)),
            _ => None,
        }
    }

    /// The headers that httpx_auth makes of these. Whatever was there under the same name is replaced.
    pub(super) fn peer_sets(&self, mut headers: Headers) -> Headers {
        let (name, value) = match self {
            Self::Basic { username, password } => (
                "authorization",
                format!(
                    "Basic {}",
                    STANDARD.encode(format!("{username}:{password}"))
                ),
            ),
            Self::Header { name, key } => (name.as_deref().unwrap_or("x-api-key"), key.clone()),
            Self::Query { .. } => return headers,
            Self::Letter(letter) => {
                let order = headers.get("x-order").map_or("", String::as_str);
                ("x-order", format!("{order}{letter}"))
            }
        };
        headers.insert(name.to_ascii_lowercase(), value);
        headers
    }

    /// The parameter for which our constructor has to refuse it.
    pub(super) fn forbidden(&self) -> Option<&'static str> {
        let control = |text: &str| text.chars().any(|c| c.is_ascii_control());
        match self {
            Self::Basic { username, password } => {
                crate::formats::oauth2_basic::forbidden(username, password)
            }
            Self::Header { key, .. } if key.starts_with(' ') || key.ends_with(' ') => Some("key"),
            Self::Header { key, .. } | Self::Query { key, .. } => {
                (key.is_empty() || control(key)).then_some("key")
            }
            Self::Letter(_) => None,
        }
    }

    /// What it writes, and nobody else may.
    pub(super) fn claim(&self) -> Option<(Kind, String)> {
        let name = match self {
            Self::Basic { .. } => "authorization",
            Self::Header { name, .. } => name.as_deref().unwrap_or("x-api-key"),
            Self::Query { .. } => self.parameter()?.0,
            Self::Letter(_) => return None,
        };
        let name = match self.kind() {
            Kind::Query => name.to_owned(),
            _ => name.to_ascii_lowercase(),
        };
        Some((self.kind(), name))
    }

    /// What goes out when this scheme is the layer.
    pub(super) async fn send(&self, request: Request<()>) -> Result<Request<()>, AuthError> {
        match self {
            Self::Basic { username, password } => {
                send(Basic::new(username, password)?, request).await
            }
            Self::Header { name, key } => send(header(name.as_deref(), key)?, request).await,
            Self::Query { name, key } => send(query(name.as_deref(), key)?, request).await,
            Self::Letter(letter) => send(Letter(*letter), request).await,
        }
    }

    pub(super) fn boxed(&self) -> Result<BoxScheme<()>, AuthError> {
        Ok(match self {
            Self::Basic { username, password } => BoxScheme::new(Basic::new(username, password)?),
            Self::Header { name, key } => BoxScheme::new(header(name.as_deref(), key)?),
            Self::Query { name, key } => BoxScheme::new(query(name.as_deref(), key)?),
            Self::Letter(letter) => BoxScheme::new(Letter(*letter)),
        })
    }
}

pub(super) fn header(name: Option<&str>, key: &str) -> Result<HeaderApiKey, AuthError> {
    let scheme = HeaderApiKey::new(key)?;
    match name {
        Some(name) => scheme.in_header(name),
        None => Ok(scheme),
    }
}

pub(super) fn query(name: Option<&str>, key: &str) -> Result<QueryApiKey, AuthError> {
    let scheme = QueryApiKey::new(key)?;
    match name {
        Some(name) => scheme.in_parameter(name),
        None => Ok(scheme),
    }
}
