//! An answer of any bytes, at any status and of any media type, is a value or a clear error, under its limits, and the same
//! however it is cut into chunks: the test of the crate `tower-auth-graphql`, on inputs that are searched for.
//!
//! `cargo +nightly fuzz run graphql_response`

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/tower-auth-graphql/tests/answers/response.rs"]
mod response;
#[path = "../../crates/tower-auth-graphql/tests/answers/wire.rs"]
mod wire;

fuzz_target!(|input: &[u8]| response::check(input));
