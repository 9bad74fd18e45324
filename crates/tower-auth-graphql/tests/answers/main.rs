//! Whatever a server sends, there is an answer or an error, and it does not depend on how the bytes are cut into chunks.
//! `fuzz/` searches on with the same checks.

#[cfg(feature = "events")]
mod events;
#[cfg(feature = "incremental")]
mod multipart;
mod response;
#[cfg(feature = "ws")]
mod websocket;
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

    #[cfg(feature = "ws")]
    #[test]
    fn any_messages_over_a_socket(protocol in any::<u8>(), step in any::<u8>(), messages in vec(prop_oneof![6 => 0_u8..20, 1 => any::<u8>()], 0..30), acknowledged in any::<bool>()) {
        let ack: &[u8] = if acknowledged { &[0] } else { &[] };
        websocket::check(&[&[protocol, step], ack, &messages[..]].concat());
    }
}

#[cfg(feature = "ws")]
#[test]
fn bytes_that_are_a_conversation_bring_its_results() {
    // By the newer protocol: acknowledged, a result, a result with errors, complete.
    let results = websocket::results_of(&[1, 3, 0, 1, 2, 7]);
    assert_eq!(results.len(), 2, "{results:?}");
    assert!(
        results[0].contains("\"a\": Number(1)") && results[1].contains("\"m\""),
        "{results:?}"
    );
    // Refused.
    assert_eq!(websocket::results_of(&[1, 3, 15, 3]), ["Auth(Refused)"]);
}
