//! Credential providers, against stand-ins on loopback that check what they are sent.

mod cache;
mod chain;
mod container;
mod files;
mod imds;
mod limits;
mod process;
mod profile;
mod secrecy;
mod signing;
mod sso;
mod sts;
mod support;
