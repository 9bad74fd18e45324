//! Caches of tokens: ours next to those of other crates.
//!
//! None of these peers is a layer: their caller gets headers or a text, puts them on the request, and sends it. Here the
//! token is in the cache, so their future is ready at the first poll; it is polled once, in place, which is less than
//! any program can do that must also be ready to wait. Ours is the layer as it is.
//!
//! Not here, and why:
//!
//! * `azure_identity`, `gcp_auth`, `google-cloud-auth`, `yup-oauth2`: one provider's kinds of credentials each, and 12 to
//!   36 more crates for these benches. By reading them: what they do for a token in the cache is no less than what
//!   `gcloud-auth` does here. They take a lock of their runtime, look the scopes up, and clone a text or count a
//!   reference; google-cloud-auth has a task that keeps the token up to date, and clones it out of a channel;
//! * `cf-gears-toolkit-auth`: a layer, but for inner services with the error type of its own HTTP client only; it needs 58
//!   more crates and a newer compiler than these benches;
//! * `token-source` has traits and no cache: `gcloud-auth` stands for those who implement them;
//! * `oauth2`, `openidconnect`: they cache nothing.
//!
//! Where tasks wait for a token, `gcloud-auth` is missing: it cannot be made to forget a good one, and while its endpoint
//! gives out expired ones every task that waits asks again.

mod burst;
mod peers;

use super::token::fetched;
use crate::{BoxError, Calls, Case, Group, Laps, Shared, Track, get};

pub(super) const GROUP: Group = Group {
    shared,
    ..Group::new("token_peers", cases)
};

/// How many tasks wait at once.
const WAITING: [usize; 2] = [100, 1000];

fn cases() -> Result<Vec<Case>, BoxError> {
    let mut cases = vec![
        Case::new(
            "`TokenAuth`, token cached / huskarl, `HttpAuthorizer::get_headers`",
            Calls::new(fetched()?, get),
            Calls::new(peers::huskarl_headers()?, get),
        ),
        Case::new(
            "`TokenAuth`, token cached / huskarl, `InMemoryTokenCache` and a header by hand",
            Calls::new(fetched()?, get),
            Calls::new(peers::huskarl_token()?, get),
        ),
        Case::new(
            "`TokenAuth`, token cached / token-source, `ReuseTokenSource` of gcloud-auth",
            Calls::new(fetched()?, get),
            Calls::new(peers::token_source()?, get),
        ),
    ];
    for tasks in WAITING {
        let case = Case::new(
            format!(
                "{tasks} tasks wait for one token, then send / huskarl, `HttpAuthorizer::get_headers`"
            ),
            burst::ours(tasks)?,
            burst::huskarl(tasks)?,
        );
        cases.push(case.of_long_calls());
    }
    Ok(cases)
}

fn shared() -> Result<Vec<Shared>, BoxError> {
    let headers = peers::huskarl_headers()?;
    let token = peers::token_source()?;
    let ours = fetched()?;
    let other = fetched()?;
    Ok(vec![
        Shared {
            name: "`TokenAuth`, token cached / huskarl, `HttpAuthorizer::get_headers`".to_owned(),
            ours: Box::new(move || Box::new(Track::new(&ours, get)) as Box<dyn Laps>),
            peer: Box::new(move || Box::new(Track::new(&headers, get)) as Box<dyn Laps>),
        },
        Shared {
            name: "`TokenAuth`, token cached / token-source, `ReuseTokenSource` of gcloud-auth"
                .to_owned(),
            ours: Box::new(move || Box::new(Track::new(&other, get)) as Box<dyn Laps>),
            peer: Box::new(move || Box::new(Track::new(&token, get)) as Box<dyn Laps>),
        },
    ])
}
