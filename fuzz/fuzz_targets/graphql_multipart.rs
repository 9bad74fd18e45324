//! An incremental answer (`multipart/mixed`) of any bytes is the same parts, the same response and the same error however
//! it is cut into chunks: the test of the crate `tower-auth-graphql`, on inputs that are searched for.
//!
//! `cargo +nightly fuzz run graphql_multipart`

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/tower-auth-graphql/tests/answers/multipart.rs"]
mod multipart;
#[path = "../../crates/tower-auth-graphql/tests/answers/wire.rs"]
mod wire;

fuzz_target!(|input: &[u8]| multipart::check(input));
