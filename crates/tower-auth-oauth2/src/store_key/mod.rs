//! Under which key a token is stored.

pub(crate) mod httpx_auth;

use crate::{identity::Identity, source::Tokens};
use tower_auth_core::{AuthError, Claim};

/// SHA-256 of the request that gets the first token, as it is sent, and of where its token is found and put.
///
/// # Errors
///
/// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when that cannot be told beforehand, so that
/// somebody could get the token of somebody else.
pub(crate) fn ours(
    tokens: &Tokens,
    claims: impl FnOnce(&mut dyn FnMut(Claim<'_>)),
) -> Result<String, AuthError> {
    let unknown = |what: &str| {
        AuthError::configuration(
            "store_key",
            format!(
                "is missing: {what} cannot be told from the settings, and whoever shares the store would get this token; \
                 name it with `store_key`"
            ),
        )
    };
    let Some(endpoint) = &tokens.endpoint else {
        return Err(unknown("whose token this is"));
    };
    let request = match tokens.flow.request(endpoint) {
        Some(request) => request?,
        None => return Err(unknown("whose token this is")),
    };
    let mut identity = Identity::new();
    request.identify(&mut identity).map_err(unknown)?;
    #[cfg(feature = "dpop")]
    if let Some(prover) = &endpoint.prover {
        prover.identify(&mut identity);
    }
    identity.add("token_url", endpoint.endpoint.url().as_bytes());
    identity.add("token_field", endpoint.token_field.as_bytes());
    claims(&mut |claim| match claim {
        Claim::Header(name) => identity.add("header", name.as_str().as_bytes()),
        Claim::Query(name) => identity.add("query", name.as_bytes()),
        other => identity.add("other", other.to_string().as_bytes()),
    });
    Ok(identity.finish())
}
