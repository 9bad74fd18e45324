//! A token of a cache, while it is good, next to one that never changes.

use super::floors::{ORIGIN, TOKEN};
use crate::{BoxError, Calls, Case, Group, Laps, Loopback, Shared, Track, get};
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tower_auth_core::{AuthError, Bearer, SchemeExt, replay::Cloned};
use tower_auth_token::{Fetched, Source, Token, TokenAuth};

pub(super) const GROUP: Group = Group {
    shared,
    ..Group::new("token", cases)
};

/// A scheme whose token was fetched already.
pub(super) fn fetched() -> Result<TokenAuth<impl Source<Value = Token>>, BoxError> {
    let auth = TokenAuth::bearer(async || {
        let hour = Duration::from_secs(3600);
        Ok::<_, AuthError>(Fetched::new(Token::from(TOKEN)).lifetime(hour))
    });
    // Without a runtime, whoever waits drives the fetch; this one is there at once.
    let cx = &mut Context::from_waker(Waker::noop());
    match pin!(auth.cache().get()).poll(cx) {
        Poll::Ready(result) => drop(result?),
        Poll::Pending => return Err("the fetch waits for something".into()),
    }
    Ok(auth)
}

fn cases() -> Result<Vec<Case>, BoxError> {
    Ok(vec![
        Case::new(
            "`TokenAuth`, token cached / fixed `Bearer`",
            Calls::new(fetched()?, get),
            Calls::new(Bearer::new(TOKEN)?, get),
        ),
        Case::new(
            "the same, both `only_to(origin)`",
            Calls::new(fetched()?.only_to(ORIGIN)?, get),
            Calls::new(Bearer::new(TOKEN)?.only_to(ORIGIN)?, get),
        ),
        Case::new(
            "the same, a whole request: hyper-util over loopback, HTTP/1.1",
            Loopback::new(fetched()?)?,
            Loopback::new(Bearer::new(TOKEN)?)?,
        ),
        Case::new(
            "`TokenAuth`, token cached, `replay(Cloned)` / fixed `Bearer`, which has no replay",
            Calls::new(fetched()?.replay(Cloned), get),
            Calls::new(Bearer::new(TOKEN)?, get),
        ),
    ])
}

fn shared() -> Result<Vec<Shared>, BoxError> {
    let token = fetched()?;
    let bearer = Bearer::new(TOKEN)?;
    Ok(vec![Shared {
        name: "`TokenAuth`, token cached / fixed `Bearer`".to_owned(),
        ours: Box::new(move || Box::new(Track::new(&token, get)) as Box<dyn Laps>),
        peer: Box::new(move || Box::new(Track::new(&bearer, get)) as Box<dyn Laps>),
    }])
}
