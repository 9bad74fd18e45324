//! Servers that issue and check credentials, to test code that uses `tower-auth`.
//!
//! They are what a client talks to in tests, in process or on loopback; each behind a feature of its own.
//!
//! * `collective-access`: [`collective_access::Issuer`], the `Auth` service of CollectiveAccess.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "collective-access")]
pub mod collective_access;
