//! User names and passwords from `.netrc`, for every tower client: [`Netrc`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod file;
mod parse;
mod scheme;

pub use self::scheme::Netrc;
