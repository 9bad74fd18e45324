//! Cookies that survive requests.

mod jar;
mod service;
mod set_cookie;
mod store;

pub use self::{
    jar::CookieJar,
    service::{CookieLayer, CookieService, Cookies},
};
use store::Store;
