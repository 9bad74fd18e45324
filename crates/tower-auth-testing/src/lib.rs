//! Servers that issue and check credentials, to test code that uses `tower-auth`.
//!
//! They are what a client talks to in tests, in process or on loopback; each behind a feature of its own.
//!
//! | feature | adds |
//! | --- | --- |
//! | `collective-access` | `collective_access::Issuer`, the `Auth` service of CollectiveAccess: logs in by GraphQL, issues and checks JWTs |
//!
//! This crate asks for Rust 1.89, which async-graphql needs; the other libraries of the family for 1.85.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "collective-access")]
pub mod collective_access;
