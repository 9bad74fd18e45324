//! The text of errors: one line, with address, cause, and remedy.

use super::{TokenError, What};
use std::{error::Error as StdError, fmt};

/// How much of one text of a server is shown, in bytes.
const MOST: usize = 1024;

/// Text of a server, as it may go into a log or onto a terminal: one line, without characters that drive a terminal or
/// turn the direction of writing, and no more of it than anybody reads.
pub(super) struct Printable<'a>(pub(super) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for (at, c) in self.0.char_indices() {
            if at >= MOST {
                return f.write_char('…');
            }
            f.write_char(if drives(c) { ' ' } else { c })?;
        }
        Ok(())
    }
}

/// Control characters, line and paragraph separators, and marks of direction.
fn drives(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What an error and its causes show to people, every text once, and what to programmers.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> (String, String) {
    let (mut text, mut debug) = (error.to_string(), format!("{error:?}"));
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        debug.push_str(&format!("{error:?}"));
        next = error.source();
    }
    (text, debug)
}

/// What helps against an error of a connection.
fn remedy(cause: &str) -> &'static str {
    if cause.contains("InvalidContentType") {
        "; that server does not speak TLS there: is its URL http?"
    } else if cause.contains("UnknownIssuer") {
        "; nobody vouches for its certificate: an authority of your own has to be given to the HTTP client"
    } else {
        ""
    }
}

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
            What::Unreachable { cause, was_sent } => {
                let (cause, _) = chain(&**cause);
                if *was_sent {
                    write!(
                        f,
                        "the connection to {server} broke before the answer was there"
                    )?;
                } else {
                    write!(f, "{server} could not be reached")?;
                }
                self.outcome(f)?;
                write!(f, ": {}{}", Printable(&cause), remedy(&cause))
            }
            What::TimedOut(after) => {
                write!(f, "{server} did not answer within {} ms", after.as_millis())?;
                self.outcome(f)
            }
            What::TooLarge(limit) => {
                write!(f, "the answer of {server} is larger than {limit} bytes")?;
                self.outcome(f)
            }
            What::Malformed { status, why } => {
                write!(f, "{server} answered {} with {why}", status.as_u16())?;
                self.outcome(f)
            }
            What::Redirected(status) => write!(
                f,
                "{server} redirects ({}), which is not followed because the client's credentials would go elsewhere; \
                 configure the final URL",
                status.as_u16()
            ),
            What::TokenType(kind) => write!(
                f,
                "{server} issued a token of type `{}`, which is not a bearer token; if it is sent as one, name it with \
                 `bearer_token_type`",
                Printable(kind)
            ),
            What::ScopeNotGranted(missing) => write!(
                f,
                "{server} did not grant `{}`, which was asked for; ask for less, or have it allowed there",
                Printable(missing)
            ),
            What::DeviceCodeExpired => f.write_str(
                "the user did not enter the code in time; `clear` lets the next request begin again",
            ),
            What::InteractionRequired => f.write_str("a person has to log in"),
            What::RefreshTokenReplaced => f.write_str(
                "the refresh token of the settings was replaced by the server, and what replaced it is forgotten; log \
                 in for a new one",
            ),
            What::IssuerMismatch { named: Some(named) } => write!(
                f,
                "the metadata at {server} names another issuer than the one that was asked for, `{}`; if that is who \
                 you mean, configure it exactly so",
                Printable(named)
            ),
            What::IssuerMismatch { named: None } => {
                write!(f, "the metadata at {server} names no issuer")
            }
            What::NoEndpoint(name) => {
                write!(
                    f,
                    "the metadata of {server} has no `{name}`; configure its URL by hand"
                )
            }
            What::InsecureEndpoint(name) => write!(
                f,
                "the `{name}` in the metadata of {server} is not https, though the issuer is, and gets no secret"
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
