//! No request makes the signer panic, and what is signed is a pure function of what goes on the wire: the test of the
//! crate `tower-auth-aws`, on inputs that are searched for.
//!
//! `cargo +nightly fuzz run sigv4_canonical`

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/tower-auth-aws/tests/canonical/check.rs"]
mod check;

fuzz_target!(|input: &[u8]| {
    if let Some(input) = check::Input::read(input) {
        check::check(&input);
    }
});
