//! How the user comes back from the second leg (RFC 5849 section 2.2).

use super::{LegError, TemporaryCredentials, answer, error::What, secrets};
use crate::Verifier;
use tower_auth_core::AuthError;

impl TemporaryCredentials {
    /// Reads the URI to which the user's browser was redirected: all of it, or its path and query.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials), with a [`LegError`] among its sources, of kind
    /// [`Denied`](crate::LegErrorKind::Denied) (Twitter's `denied=…`, or `oauth_problem=user_refused` or
    /// `permission_denied`), [`Problem`](crate::LegErrorKind::Problem), [`NoToken`](crate::LegErrorKind::NoToken),
    /// [`ForeignToken`](crate::LegErrorKind::ForeignToken) when somebody else's authorization was slipped in,
    /// [`NoVerifier`](crate::LegErrorKind::NoVerifier), [`NotAForm`](crate::LegErrorKind::NotAForm) when the query cannot
    /// be read.
    pub fn verifier(&self, redirected_to: &str) -> Result<Verifier, AuthError> {
        self.read_redirect(redirected_to).map_err(|what| {
            LegError::from(what).into_auth("the user did not come back with a verifier")
        })
    }

    fn read_redirect(&self, redirected_to: &str) -> Result<Verifier, What> {
        let before_fragment = redirected_to
            .split_once('#')
            .map_or(redirected_to, |(before, _)| before);
        let query = before_fragment
            .split_once('?')
            .map_or("", |(_, query)| query);
        let pairs = answer::form(query).ok_or(What::NotAForm)?;
        let get = |wanted: &str| {
            let found = pairs.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        match get("oauth_problem") {
            Some(problem @ ("user_refused" | "permission_denied")) => {
                let problem = Some(problem.to_owned());
                return Err(What::Denied { problem });
            }
            Some(problem) => {
                let mut known = self.secrets.clone();
                secrets::received_form(query, &mut known);
                return Err(What::Problem(problem.to_owned()).without(&known));
            }
            None if get("denied").is_some() => return Err(What::Denied { problem: None }),
            None => {}
        }
        match get("oauth_token") {
            None | Some("") => {
                return Err(What::NoToken {
                    parameter: "oauth_token",
                });
            }
            Some(token) if token != self.credentials().token() => {
                return Err(What::ForeignToken);
            }
            Some(_) => {}
        }
        get("oauth_verifier")
            .filter(|verifier| !verifier.is_empty())
            .map(Verifier::new)
            .ok_or(What::NoVerifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenCredentials;

    fn read(redirected_to: &str) -> Result<Verifier, What> {
        TemporaryCredentials::restore(TokenCredentials::new("a b/é", "secret"))
            .read_redirect(redirected_to)
    }

    #[test]
    fn the_verifier_is_decoded_wherever_the_uri_begins() {
        for uri in [
            "http://127.0.0.1:8080/ready?oauth_token=a+b%2F%C3%A9&oauth_verifier=50%25",
            "/ready?x=1&oauth_token=a%20b/é&oauth_verifier=50%25#_",
            "?oauth_verifier=50%&oauth_token=a%20b%2Fé",
        ] {
            assert_eq!(read(uri).unwrap().as_str(), "50%", "{uri}");
        }
    }

    #[test]
    fn every_way_of_coming_back_without_has_its_own_error() {
        assert!(matches!(
            read("/?denied=a+b%2F%C3%A9"),
            Err(What::Denied { .. })
        ));
        assert!(matches!(
            read("/?oauth_problem=permission_denied"),
            Err(What::Denied { .. })
        ));
        match read("/?oauth_problem=token_expired%0a") {
            Err(What::Problem(problem)) => assert_eq!(problem, "token_expired"),
            other => panic!("{other:?}"),
        }
        match read("/?oauth_problem=no%0aoauth_token_secret%3Dplanted") {
            Err(What::Problem(problem)) => assert!(!problem.contains("planted"), "{problem}"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            read("/?oauth_token=EVIL&oauth_verifier=v"),
            Err(What::ForeignToken)
        ));
        assert!(matches!(
            read("/?oauth_verifier=v"),
            Err(What::NoToken { .. })
        ));
        assert!(matches!(read("/"), Err(What::NoToken { .. })));
        assert!(matches!(
            read("/?oauth_token=a+b%2F%C3%A9&oauth_verifier="),
            Err(What::NoVerifier)
        ));
        assert!(matches!(read("/?oauth_token=%FF"), Err(What::NotAForm)));
    }
}
