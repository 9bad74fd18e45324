// The example of the README needs the feature.
#![cfg_attr(feature = "crypto", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "crypto"),
    doc = "Keys, JWK sets and thumbprints. With the feature `crypto`: signing and verifying."
)]
//!
//! It is written here, over aws-lc-rs, which rustls brings along anyway, because no maintained crate does it all:
//! jsonwebtoken (11.1) has no ES512 and needs a newer compiler than this workspace promises, and josekit, which has every
//! algorithm, links OpenSSL.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "crypto"), allow(rustdoc::broken_intra_doc_links))]

mod algorithm;
pub mod base64url;
mod der;
mod error;
mod json;
mod jwk;
mod pem;
mod unverified;

#[cfg(feature = "crypto")]
mod jws;
#[cfg(feature = "crypto")]
mod key;

pub use self::{
    algorithm::Algorithm,
    error::{KeyError, KeyErrorKind, VerifyError, VerifyErrorKind},
    json::Members,
    jwk::{Jwk, JwkSet},
    pem::{PrivateKeyDer, PrivateKeyForm},
    unverified::UnverifiedTimes,
};
#[cfg(feature = "crypto")]
#[cfg_attr(docsrs, doc(cfg(feature = "crypto")))]
pub use self::{
    jws::{Claims, Header, Validation, Verified, Verifier},
    key::{SigningKey, VerifyingKey},
};
