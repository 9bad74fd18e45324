//! The text of errors: one line, with address, cause, and remedy.

use super::{LegError, What, problem::remedy};
use std::fmt;
use tower_auth_http::printable;

impl fmt::Display for LegError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.address().unwrap_or("the redirect");
        match &self.0.what {
            What::Http(error) => error.fmt(f),
            What::Refused {
                status,
                problem,
                text,
            } => {
                write!(f, "{server} answered {}", status.as_u16())?;
                for said in [problem, text].into_iter().flatten() {
                    write!(f, ": {}", printable(said))?;
                }
                if problem.is_none() && text.is_none() {
                    f.write_str(" without saying why")?;
                }
                f.write_str(remedy(Some(status.as_u16()), problem.as_deref()))
            }
            What::NotAForm if self.address().is_none() => {
                f.write_str("the query of the redirect cannot be read; did the browser come back from the right server?")
            }
            What::NotAForm => write!(
                f,
                "{server} answered with what is neither a form nor JSON; is it the URL of that endpoint?"
            ),
            What::NoToken { parameter } => write!(
                f,
                "{server} has no `{parameter}`; is it an endpoint of OAuth 1.0a, and the right one?"
            ),
            What::CallbackNotConfirmed => write!(
                f,
                "{server} did not confirm the callback (`oauth_callback_confirmed=true`), so that it may speak the \
                 insecure OAuth 1.0 without the a; if you trust it all the same, allow it with \
                 `danger_allow_unconfirmed_callback`"
            ),
            What::Denied { .. } => {
                f.write_str("the user did not grant access; begin again with the first leg, if they want to")
            }
            What::Problem(problem) => write!(
                f,
                "{server} reports a problem: {}{}",
                printable(problem),
                remedy(None, Some(problem))
            ),
            What::ForeignToken => f.write_str(
                "the redirect is about another token than the one that this user was sent away with; keep the temporary \
                 credentials of each user apart, in their session",
            ),
            What::NoVerifier => f.write_str(
                "the redirect has no `oauth_verifier`; is this the whole URL that the browser came back to?",
            ),
        }
    }
}
