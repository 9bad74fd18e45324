//! How connections end.

use std::fmt;

/// How a connection was closed.
#[derive(Clone, Eq, PartialEq)]
pub struct Closed {
    code: Option<u16>,
    reason: String,
}

/// What a close code means.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CloseKind {
    /// 4400: the server could not read a message.
    InvalidMessage,
    /// 4401: an operation came before the connection was acknowledged, or credentials are no longer good.
    Unauthorized,
    /// 4403: the connection parameters were refused, or credentials have expired.
    Forbidden,
    /// 4406: the server speaks no subprotocol that was offered.
    SubprotocolNotAcceptable,
    /// 4408: the connection parameters came too late.
    InitialisationTimeout,
    /// 4409: an operation of this name is there already.
    SubscriberExists,
    /// 4429: there were connection parameters twice.
    TooManyInitialisations,
    /// 4500 or 1011: the server failed.
    Internal,
    /// 1000: normal.
    Normal,
    /// 1001, 1012: the server goes away, or is restarted.
    GoingAway,
    /// 1013, 1014: the server, or one behind it, cannot do it now.
    TryAgainLater,
    /// Any other code.
    Other,
    /// There was no code: the connection was dropped.
    Dropped,
}

impl Closed {
    /// With this code.
    #[cfg(feature = "ws")]
    pub(crate) fn new(code: impl Into<Option<u16>>, reason: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            reason: reason.into(),
        }
    }

    /// Without a word.
    #[cfg(feature = "ws")]
    pub(crate) fn dropped() -> Self {
        Self::new(None, "")
    }

    /// The code, when there was one (RFC 6455 section 7.4). The codes from 4400 on are those of GraphQL.
    pub fn code(&self) -> Option<u16> {
        self.code
    }

    /// What the server says. It may have put anything into it.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What the code means.
    pub fn kind(&self) -> CloseKind {
        match self.code {
            None | Some(1005 | 1006) => CloseKind::Dropped,
            Some(1000) => CloseKind::Normal,
            Some(1001 | 1012) => CloseKind::GoingAway,
            Some(1011 | 4500) => CloseKind::Internal,
            Some(1013 | 1014) => CloseKind::TryAgainLater,
            Some(4400) => CloseKind::InvalidMessage,
            Some(4401) => CloseKind::Unauthorized,
            Some(4403) => CloseKind::Forbidden,
            Some(4406) => CloseKind::SubprotocolNotAcceptable,
            Some(4408) => CloseKind::InitialisationTimeout,
            Some(4409) => CloseKind::SubscriberExists,
            Some(4429) => CloseKind::TooManyInitialisations,
            Some(_) => CloseKind::Other,
        }
    }
}

impl CloseKind {
    /// Whether other credentials could help.
    pub fn is_about_credentials(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Forbidden)
    }

    /// Whether a new connection may well do better: as the reference client of the protocol has it, and with 4401 taken
    /// for what servers mean by it.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Unauthorized
                | Self::Forbidden
                | Self::InitialisationTimeout
                | Self::Normal
                | Self::GoingAway
                | Self::TryAgainLater
                | Self::Dropped
        )
    }
}

/// Without the reason, which is not ours.
impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind() {
            CloseKind::InvalidMessage => "a message was invalid",
            CloseKind::Unauthorized => "unauthorized",
            CloseKind::Forbidden => "forbidden; have the credentials expired?",
            CloseKind::SubprotocolNotAcceptable => "no subprotocol is acceptable",
            CloseKind::InitialisationTimeout => "the connection parameters came too late",
            CloseKind::SubscriberExists => "an operation of this name is there already",
            CloseKind::TooManyInitialisations => "there were connection parameters twice",
            CloseKind::Internal => "the server failed",
            CloseKind::Normal => "normally",
            CloseKind::GoingAway => "the server goes away",
            CloseKind::TryAgainLater => "try again later",
            CloseKind::Other => "for a reason of its own",
            CloseKind::Dropped => "without a word",
        };
        match self.code {
            Some(code) => write!(f, "{code}, {what}"),
            None => f.write_str(what),
        }
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}
