//! Any bytes on the port keep no answer away: the test of the crate `tower-auth-browser`, on inputs that are searched for.
//!
//! `cargo +nightly fuzz run callback`

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/tower-auth-browser/tests/callback/check.rs"]
mod check;

fuzz_target!(|input: &[u8]| check::check(input));
