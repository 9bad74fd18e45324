//! Any bytes after the handshake of a WebSocket: every subscription ends, with the same results however they are cut: the
//! test of the crate `tower-auth-graphql`, on inputs that are searched for.
//!
//! `cargo +nightly fuzz run graphql_ws`

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/tower-auth-graphql/tests/answers/websocket.rs"]
mod websocket;

fuzz_target!(|input: &[u8]| websocket::check(input));
