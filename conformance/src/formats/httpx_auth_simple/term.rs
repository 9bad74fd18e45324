//! What the scheme of a vector is made of.

use super::{record::Headers, user::Letter};
use crate::{case::Verdict, wire::send};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Request;
use serde::Deserialize;
use tower_auth_core::{AuthError, Basic, BoxScheme, ErrorKind, HeaderApiKey, QueryApiKey};

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
    pub(super) fn read(input: &Input) -> Result<Self, String> {
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

    /// For what our code has to refuse, whether it does; nothing for anything else.
    ///
    /// RFC 7617 section 2 forbids control characters, and a colon in the user name. RFC 9110 section 5.5 forbids
    /// control characters in a header, and has blanks around its value stripped. An empty key is none, and a key with
    /// a control character was read from a file with its line end.
    pub(super) fn refusal(&self) -> Option<Verdict> {
        let control = |text: &str| text.chars().any(|c| c.is_ascii_control());
        let parameter = match self {
            Self::Basic { username, .. } if username.contains(':') || control(username) => {
                "username"
            }
            Self::Basic { password, .. } if control(password) => "password",
            Self::Header { key, .. } | Self::Query { key, .. }
                if key.is_empty() || control(key) =>
            {
                "key"
            }
            Self::Header { key, .. } if key.starts_with(' ') || key.ends_with(' ') => "key",
            _ => return None,
        };
        Some(match self.boxed() {
            Ok(_) => Verdict::Differs(format!("took a {parameter} that has to be refused")),
            Err(error)
                if (error.kind(), error.parameter())
                    == (ErrorKind::Configuration, Some(parameter)) =>
            {
                Verdict::Agrees
            }
            Err(error) => {
                Verdict::Differs(format!("refused, but not for its {parameter}: {error}"))
            }
        })
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
