//! A stream of events of any bytes is the same results and the same error however it is cut into chunks: the test of the
//! crate `tower-auth-graphql`, on inputs that are searched for.
//!
//! `cargo +nightly fuzz run graphql_events`

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/tower-auth-graphql/tests/answers/events.rs"]
mod events;
#[path = "../../crates/tower-auth-graphql/tests/answers/wire.rs"]
mod wire;

fuzz_target!(|input: &[u8]| events::check(input));
