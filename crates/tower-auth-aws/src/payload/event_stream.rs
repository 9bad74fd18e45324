//! `application/vnd.amazon.eventstream`: streams of messages.

use super::{Payload, Seed};
use crate::{EventSigned, EventSigner, PayloadHash};
use http::Request;
use http_body::Body;
use tower_auth_core::AuthError;

/// The body is a stream of messages, each signed: for bodies that are wrapped into [`EventSigned`].
///
/// Sends `x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-EVENTS`.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventStream;

impl<B: Body> Payload<EventSigned<B>> for EventStream {
    fn describe(&self, _: &mut Request<EventSigned<B>>) -> Result<PayloadHash, AuthError> {
        Ok(PayloadHash::EVENTS)
    }

    fn signed(
        &self,
        request: &mut Request<EventSigned<B>>,
        seed: Seed<'_>,
    ) -> Result<(), AuthError> {
        let signer = EventSigner::new(seed.signer, seed.credentials, seed.signature);
        request
            .body_mut()
            .arm(signer, seed.clock.clone(), seed.ahead);
        Ok(())
    }
}
