//! The text of errors: one line, with address, cause, and remedy.

use super::{TokenError, What};
use std::fmt;
use tower_auth_http::printable;

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.address().unwrap_or("the authorization server");
        match &self.0.what {
            What::Response(response) => {
                write!(f, "{server} {response}")?;
                if self.0.after_lost_answer {
                    f.write_str(
                        "; the answer to an earlier refresh with this token was lost, and the server may have replaced \
                         it then: log in again",
                    )?;
                }
                Ok(())
            }
            What::Http(error) => {
                error.fmt(f)?;
                self.outcome(f)
            }
            What::Malformed { status, why } => {
                write!(
                    f,
                    "{server} answered {} with {why}; is this the URL of that endpoint?",
                    status.as_u16()
                )?;
                self.outcome(f)
            }
            What::TokenType(kind) => write!(
                f,
                "{server} issued a token of type `{}`, which is not a bearer token; if it is sent as one, name it with \
                 `bearer_token_type`",
                printable(kind)
            ),
            What::ScopeNotGranted(missing) => write!(
                f,
                "{server} did not grant `{}`, which was asked for; ask for less, or have it allowed there",
                printable(missing)
            ),
            What::DeviceCodeExpired => f.write_str(
                "the user did not enter the code in time; `clear` lets the next request begin again",
            ),
            What::InteractionRequired => {
                f.write_str("a person has to log in, and nobody is asked now")
            }
            What::RefreshTokenReplaced => f.write_str(
                "the refresh token of the settings was replaced by the server, and what replaced it is forgotten; log \
                 in for a new one",
            ),
            What::IssuerMismatch { named: Some(named) } => write!(
                f,
                "the metadata at {server} names another issuer than the one that was asked for, `{}`; if that is who \
                 you mean, configure it exactly so",
                printable(named)
            ),
            What::IssuerMismatch { named: None } => {
                write!(
                    f,
                    "the metadata at {server} names no issuer; is this the document of an authorization server?"
                )
            }
            What::NoEndpoint(name) => {
                write!(
                    f,
                    "the metadata of {server} has no `{name}`; configure its URL by hand"
                )
            }
            What::InsecureEndpoint(name) => write!(
                f,
                "the `{name}` in the metadata of {server} is not https, though the issuer is, and gets no secret; \
                 configure an https URL by hand"
            ),
            #[cfg(feature = "browser")]
            What::Authorization(response) => {
                write!(f, "{server} {response}; `clear` lets the next request begin again")
            }
            #[cfg(feature = "browser")]
            What::Browser(error) => error.fmt(f),
            #[cfg(feature = "browser")]
            What::Answer(why) => write!(
                f,
                "the browser came back from {server} with {why}; `clear` lets the next request begin again"
            ),
            #[cfg(feature = "browser")]
            What::AnswerOfOther { named: Some(named) } => write!(
                f,
                "the browser came back from `{}`, which is another issuer than that of {server}: somebody may have mixed \
                 them up; if it is the one that you mean, name it exactly so",
                printable(named)
            ),
            #[cfg(feature = "browser")]
            What::AnswerOfOther { named: None } => write!(
                f,
                "the browser came back from {server} without the name of the issuer, which its metadata promise: somebody else \
                 may have sent it; log in again"
            ),
            #[cfg(feature = "browser")]
            What::Nonce => write!(
                f,
                "the ID token of {server} was issued for another login: its `nonce` is not the one that was sent; log in again"
            ),
            What::Request(error) => error.fmt(f),
        }
    }
}

impl TokenError {
    /// What a lost answer means.
    fn outcome(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.refresh_lost {
            f.write_str(
                "; whether the refresh was carried out is not known, and a refresh token that was replaced by it is lost",
            )
        } else {
            Ok(())
        }
    }
}
