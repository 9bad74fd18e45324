//! Values that expire: OAuth 2 tokens, AWS sessions, logins.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod cache;
mod challenge;
mod current;
mod failure;
mod fetched;
mod map;
mod placed;
mod source;
pub mod store;
mod token;

pub use self::{
    auth::{Judge, TokenAuth},
    cache::{Acquire, Cache, CacheBuilder, DEFAULT_EARLY_EXPIRY},
    challenge::is_token_refused,
    current::Current,
    failure::Failure,
    fetched::{Fetched, lifetime_from_seconds},
    map::CacheMap,
    placed::{Placed, Placing},
    source::{Demand, Reason, Source},
    token::{AccessToken, Token},
};
