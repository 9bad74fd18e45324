//! Cookies that survive requests.

mod jar;
mod service;

pub use self::{
    jar::CookieJar,
    service::{CookieLayer, CookieService, Cookies},
};
