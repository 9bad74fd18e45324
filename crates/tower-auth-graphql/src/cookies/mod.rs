//! Cookies that survive requests.

mod jar;
mod service;
mod store;

pub use self::{
    jar::CookieJar,
    service::{CookieLayer, CookieService, Cookies},
};
use store::Store;
