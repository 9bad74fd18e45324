//! Errors of the adapter: its own, or reqwest's without the parts of a URL that may be secret.

use std::{error::Error as StdError, fmt};

/// Why [`ReqwestService`](crate::ReqwestService) has no response.
///
/// The URI was refused ([`uri()`](Self::uri)), there are more headers than can be sent, or reqwest failed
/// ([`client()`](Self::client)). The URL that reqwest puts into its errors is kept without user name, query and
/// fragment, so that neither an API key nor a signature is printed. The text is for people and may change.
pub struct Error(Repr);

enum Repr {
    Uri(UriError),
    Headers,
    Client(reqwest::Error),
}

/// Why a URI cannot be sent as it is. The request was not sent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum UriError {
    /// It has no scheme and host.
    NotAbsolute,
    /// It has a user name or password, which no request may carry there (RFC 9110 section 4.2.4).
    UserInfo,
    /// reqwest cannot read it.
    Invalid,
    /// reqwest would send another one, for which the request was not authenticated.
    /// [`NormalizeUri`](crate::NormalizeUri) helps.
    Rewritten,
}

impl Error {
    /// Why the URI was refused, if it was.
    pub fn uri(&self) -> Option<UriError> {
        match self.0 {
            Repr::Uri(error) => Some(error),
            Repr::Headers | Repr::Client(_) => None,
        }
    }

    pub(crate) fn headers() -> Self {
        Self(Repr::Headers)
    }

    /// reqwest's own error, if it failed.
    pub fn client(&self) -> Option<&reqwest::Error> {
        match &self.0 {
            Repr::Uri(_) | Repr::Headers => None,
            Repr::Client(error) => Some(error),
        }
    }

    /// reqwest's own error, by value.
    pub fn into_client(self) -> Option<reqwest::Error> {
        match self.0 {
            Repr::Uri(_) | Repr::Headers => None,
            Repr::Client(error) => Some(error),
        }
    }

    /// Whether no connection could be made, as reqwest says it.
    pub fn is_connect(&self) -> bool {
        self.client().is_some_and(reqwest::Error::is_connect)
    }

    /// Whether one of reqwest's timeouts ran out.
    pub fn is_timeout(&self) -> bool {
        self.client().is_some_and(reqwest::Error::is_timeout)
    }
}

impl From<UriError> for Error {
    fn from(error: UriError) -> Self {
        Self(Repr::Uri(error))
    }
}

impl From<reqwest::Error> for Error {
    fn from(mut error: reqwest::Error) -> Self {
        if let Some(url) = error.url_mut() {
            url.set_query(None);
            url.set_fragment(None);
            // These fail for URLs that cannot have a user name, and so have none.
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        Self(Repr::Client(error))
    }
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAbsolute => {
                "the request URI has no scheme and host; make it absolute above the client"
            }
            Self::UserInfo => {
                "the request URI has a user name; take it out and use the layer `Basic`"
            }
            Self::Invalid => "the request URI is one that reqwest cannot read",
            Self::Rewritten => {
                "reqwest would send another URI than the one that was authenticated; put the layer `NormalizeUri` \
                 above the authentication layer"
            }
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Uri(error) => error.fmt(f),
            Repr::Headers => {
                f.write_str("the request has more headers than can be sent; send fewer")
            }
            Repr::Client(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Uri(error) => error.fmt(f),
            Repr::Headers => f.write_str("Headers"),
            Repr::Client(error) => error.fmt(f),
        }
    }
}

impl StdError for UriError {}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0 {
            Repr::Uri(_) | Repr::Headers => None,
            Repr::Client(error) => error.source(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_error_of_reqwest_shows_what_a_url_hides() {
        // No file can be fetched; reqwest says so, with the whole URL.
        let url = "ftp://planted-user:planted-password@a.example/path?key=planted-key#planted";
        let error = reqwest::Client::new()
            .execute(reqwest::Request::new(
                http::Method::GET,
                url.parse().unwrap(),
            ))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("planted-key"));

        let error = Error::from(error);
        let shown = format!("{error} {error:?} {error:#?} {:?}", error.source());
        assert!(!shown.contains("planted"), "{shown}");
        assert!(shown.contains("ftp://a.example/path"), "{shown}");
        assert!(error.client().unwrap().is_builder());
        assert_eq!(error.uri(), None);
        assert!(error.into_client().is_some());
    }

    #[test]
    fn a_refused_uri_names_the_remedy() {
        let error = Error::from(UriError::Rewritten);
        assert!(error.to_string().contains("`NormalizeUri`"));
        assert_eq!(error.uri(), Some(UriError::Rewritten));
        assert!(!error.is_connect() && !error.is_timeout());
        assert!(error.into_client().is_none());
    }
}
