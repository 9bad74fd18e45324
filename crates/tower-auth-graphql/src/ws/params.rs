//! What a connection begins with.

use crate::{BoxError, Error};
use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value};
use std::{fmt, future::Future, pin::Pin, sync::Arc};
use zeroize::Zeroizing;

/// A connection that is about to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connecting {
    /// From 1; begins anew when a connection was good.
    pub attempt: u32,
    /// How the last one was closed.
    pub last: Option<crate::Closed>,
    /// The last one was refused, or ended because its credentials were not good, or no longer.
    pub refused: bool,
}

type Answer = Pin<Box<dyn Future<Output = Result<Option<Value>, BoxError>> + Send>>;

/// The connection parameters: the payload of `connection_init`.
#[derive(Clone, Default)]
pub(super) enum Params {
    #[default]
    None,
    Fixed(Arc<Zeroizing<String>>),
    Headers(Arc<[HeaderName]>),
    Callback(Arc<dyn Fn(Connecting) -> Answer + Send + Sync>),
}

impl Params {
    /// Whether they may be others next time.
    pub(super) fn can_change(&self) -> bool {
        matches!(self, Self::Callback(_))
    }

    /// Whether they are said whatever the handshake looks like: those of its headers are for whoever got the headers.
    pub(super) fn are_own(&self) -> bool {
        matches!(self, Self::Fixed(_) | Self::Callback(_))
    }

    pub(super) fn callback<F, R, E>(callback: F) -> Self
    where
        F: Fn(Connecting) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Option<Value>, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self::Callback(Arc::new(move |connecting| {
            let answer = callback(connecting);
            Box::pin(async move { answer.await.map_err(Into::into) })
        }))
    }

    /// Their JSON, for a handshake with these headers.
    pub(super) async fn json(
        &self,
        connecting: Connecting,
        headers: &HeaderMap,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let value = match self {
            Self::None => return Ok(None),
            Self::Fixed(json) => return Ok(Some(Zeroizing::new(json.as_bytes().to_vec()))),
            Self::Headers(names) => Some(of_headers(names, headers)?),
            Self::Callback(callback) => callback(connecting).await.map_err(|error| {
                Error::request("the connection parameters could not be had").with_source(error)
            })?,
        };
        let Some(value) = value else { return Ok(None) };
        let mut json = Zeroizing::new(Vec::with_capacity(4096));
        serde_json::to_writer(&mut *json, &value).map_err(|error| {
            Error::request("the connection parameters are no JSON").with_source(error)
        })?;
        Ok(Some(json))
    }
}

/// `{"headers": {"Authorization": …}}`, as Hasura and others read it.
fn of_headers(names: &[HeaderName], headers: &HeaderMap) -> Result<Value, Error> {
    let mut members = Map::new();
    for name in names {
        if let Some(value) = headers.get(name) {
            let text = value
                .to_str()
                .map_err(|_| Error::request("a header for the connection parameters is no text"))?;
            members.insert(title(name), text.into());
        }
    }
    Ok(Value::Object(Map::from_iter([(
        "headers".to_owned(),
        Value::Object(members),
    )])))
}

/// As people write it: some servers look for `Authorization`, letter by letter.
fn title(name: &HeaderName) -> String {
    let mut begin = true;
    let letter = |letter: char| {
        let upper = std::mem::replace(&mut begin, letter == '-');
        if upper {
            letter.to_ascii_uppercase()
        } else {
            letter
        }
    };
    name.as_str().chars().map(letter).collect()
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Fixed(_) => "Fixed",
            Self::Headers(_) => "Headers",
            Self::Callback(_) => "Callback",
        })
    }
}
