//! Whatever a server sends, there is an answer or an error, and it does not depend on how the bytes are cut into chunks.
//! `fuzz/` searches on with the same checks.

#[cfg(feature = "events")]
mod events;
#[cfg(feature = "incremental")]
mod multipart;
mod response;
mod wire;

use proptest::{collection::vec, prelude::*};

/// Bytes that are what parsers look for, mostly.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => 0_u8..32, 1 => b' '..b'~', 1 => any::<u8>()];
    let head = vec(any::<u8>(), 9);
    (head, vec(byte, 0..40)).prop_map(|(head, body)| [head, body].concat())
}

proptest! {
    #[test]
    fn any_response(input in input()) {
        response::check(&input);
    }

    #[cfg(feature = "incremental")]
    #[test]
    fn any_stream_of_parts(input in input()) {
        multipart::check(&input);
    }

    #[cfg(feature = "events")]
    #[test]
    fn any_stream_of_events(input in input()) {
        events::check(&input);
    }
}
