//! Logins that take a person, where the token is kept in a store.

use crate::{
    error::{TokenError, TokenErrorKind},
    source::{By, Tokens},
};
use std::{pin::pin, time::Duration};
use tokio::{runtime::Handle, time::timeout};
use tower_auth_core::{AuthError, ErrorKind};
use tower_auth_token::{Demand, Failure, Fetched, Reason, Source, Token, store::Stored};

/// How often the store is looked at while a person logs in.
const LOOK: Duration = Duration::from_secs(5);

/// A token from the store, or by its refresh token, or by a login.
///
/// No lock of the store is held while a person is waited for, which can take an hour. The store is looked at before the
/// login, every now and then while it lasts, and once more when it is done, under the lock each time. So of several
/// processes each may show a code, and all get the token of the login that is done first.
pub(crate) async fn fetch(
    stored: &Stored<Tokens>,
    mut demand: Demand<Token>,
) -> Result<Fetched<Token>, Failure> {
    let failure = match stored.fetch(demand.clone()).await {
        Err(failure) if demand.reason != Reason::Ahead => failure,
        result => return result,
    };
    if failure.is_previous_worthless() {
        demand.previous = None;
    } else if !needs_person(&failure) {
        return Err(failure);
    }
    let tokens = stored.source();
    let mut login = pin!(tokens.log_in());
    loop {
        if Handle::try_current().is_err() {
            return Err(tokens.failure(TokenError::no_runtime(), By::Grant));
        }
        match timeout(LOOK, login.as_mut()).await {
            // Somebody logged out meanwhile: what came after that must not be stored as if it were of the next session.
            Ok(Ok(_)) if demand.cleared() => return Err(failure),
            Ok(Ok(response)) => {
                tokens.tell(&response);
                tokens.landed.put(Some(response));
                // Stored under the lock, or given up for what somebody else stored in the meantime. What could not be
                // fetched, since the lock was busy, is there for the next fetch.
                let fetched = stored.fetch(demand).await;
                if fetched.is_ok() {
                    tokens.landed.put(None);
                }
                return fetched;
            }
            Ok(Err(error)) => return Err(tokens.failure(error, By::Grant)),
            Err(_) if demand.cleared() => return Err(failure),
            Err(_) => {
                if let found @ Ok(_) = stored.fetch(demand.clone()).await {
                    return found;
                }
            }
        }
    }
}

/// The same without a store. A login that was cleared away ends here, too: it would hold its port, ask its server, and tell
/// of a token that nobody wants any more.
pub(crate) async fn fetch_alone(
    tokens: &Tokens,
    demand: Demand<Token>,
) -> Result<Fetched<Token>, Failure> {
    let mut fetch = pin!(tokens.fetch(demand.clone()));
    if Handle::try_current().is_err() {
        return fetch.await;
    }
    loop {
        match timeout(LOOK, fetch.as_mut()).await {
            Ok(fetched) => return fetched,
            Err(_) if demand.cleared() => {
                let why = "the login was cleared away before it was done";
                return Err(AuthError::new(ErrorKind::Credentials, why).into());
            }
            Err(_) => {}
        }
    }
}

fn needs_person(failure: &Failure) -> bool {
    let cause = TokenError::of(failure.error());
    cause.map(TokenError::kind) == Some(TokenErrorKind::InteractionRequired)
}
