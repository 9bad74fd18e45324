//! Event streams: each message is wrapped into one that signs it.

use crate::{
    Credentials, Signature, Signer,
    hex::hex32,
    signature_text::SignatureText,
    sink::{Sink, Text},
    stream::checksum::crc32,
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tower_auth_core::{AuthError, ErrorKind};

/// Signs the messages of an event stream (Transcribe, Lex, Bedrock …), one after the other.
///
/// Every message gets a timestamp of its own; a stream may outlive the day in which it began.
/// [`EventSigned`](crate::EventSigned) does it for a body.
#[derive(Clone)]
pub struct EventSigner {
    signer: Signer,
    credentials: Credentials,
    previous: SignatureText,
}

/// The largest message that is signed: what services accept, with room for the wrapping.
const LARGEST: usize = 16 * 1024 * 1024;

impl EventSigner {
    /// Continues the signature of a request, made with these.
    pub fn new(signer: &Signer, credentials: &Credentials, seed: &Signature) -> Self {
        Self {
            signer: signer.clone(),
            credentials: credentials.clone(),
            previous: seed.text,
        }
    }

    /// The signature of the next message, in hexadecimal digits. `payload` is the encoded message; an empty one closes
    /// the stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] as [`Signer::signature`].
    pub fn sign(&mut self, time: SystemTime, payload: &[u8]) -> Result<&str, AuthError> {
        let date = date_header(time);
        let of_date = hex32(&Sha256::digest(date).into());
        let of_payload = hex32(&Sha256::digest(payload).into());
        let moment = self.signer.moment(&self.credentials, time)?;
        let mut text = Text::new();
        text.put(self.signer.algorithm().as_bytes());
        text.put(b"-PAYLOAD\n");
        text.put(moment.time.as_bytes());
        text.put(b"\n");
        text.put(&moment.day.scope);
        text.put(b"\n");
        text.put(self.previous.as_bytes());
        text.put(b"\n");
        text.put(&of_date);
        text.put(b"\n");
        text.put(&of_payload);
        moment.day.key.sign(text.as_bytes(), &mut self.previous)?;
        Ok(self.previous.as_str())
    }

    /// The message that carries the next message: with the headers `:chunk-signature` and `:date`, as
    /// `application/vnd.amazon.eventstream` has it.
    ///
    /// # Errors
    ///
    /// As [`sign`](Self::sign), and [`ErrorKind::Request`] for a message of more than 16 MiB.
    pub fn wrap(&mut self, time: SystemTime, payload: &[u8]) -> Result<Bytes, AuthError> {
        if payload.len() > LARGEST {
            return Err(AuthError::new(
                ErrorKind::Request,
                "a message of the event stream is larger than 16 MiB",
            ));
        }
        self.sign(time, payload)?;
        const NAME: &[u8] = b"\x10:chunk-signature\x06";
        let signature = unhex(self.previous.as_bytes());
        let date = date_header(time);
        let headers = NAME.len() + 2 + signature.len() + date.len();
        let total = 12 + headers + payload.len() + 4;
        let mut message = Vec::with_capacity(total);
        message.extend_from_slice(&(total as u32).to_be_bytes());
        message.extend_from_slice(&(headers as u32).to_be_bytes());
        message.extend_from_slice(&crc32(&message).to_be_bytes());
        message.extend_from_slice(NAME);
        message.extend_from_slice(&(signature.len() as u16).to_be_bytes());
        message.extend_from_slice(&signature);
        message.extend_from_slice(&date);
        message.extend_from_slice(payload);
        message.extend_from_slice(&crc32(&message).to_be_bytes());
        Ok(Bytes::from(message))
    }
}

/// The header `:date` as it is encoded: a timestamp in milliseconds, of whole seconds.
fn date_header(time: SystemTime) -> [u8; 15] {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let milliseconds = i64::try_from(since.as_secs())
        .ok()
        .and_then(|seconds| seconds.checked_mul(1000))
        .unwrap_or(i64::MAX);
    let mut header = *b"\x05:date\x08........";
    header[7..].copy_from_slice(&milliseconds.to_be_bytes());
    header
}

fn unhex(digits: &[u8]) -> Vec<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    digits
        .chunks_exact(2)
        .map(|pair| value(pair[0]) << 4 | value(pair[1]))
        .collect()
}

impl fmt::Debug for EventSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSigner")
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PayloadHash;
    use http::Request;

    /// From the tests of aws-c-auth.
    #[test]
    fn the_messages_of_the_sdks_own_test() {
        let signer = Signer::new("demo", "us-east-1").unwrap();
        let credentials = Credentials::new("access", "secret").unwrap();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let mut request = Request::post("https://demo.us-east-1.amazonaws.com/streaming")
            .header("content-encoding", "application/vnd.amazon.eventstream")
            .body(())
            .unwrap();
        let seed = signer
            .sign(
                &credentials,
                at(348_474_600),
                &mut request,
                PayloadHash::EVENTS,
            )
            .unwrap();
        assert_eq!(
            seed.as_str(),
            "e1d8e8c8815e60969f2a34765c9a15945ffc0badbaa4b7e3b163ea19131e949b"
        );
        let mut events = EventSigner::new(&signer, &credentials, &seed);
        assert_eq!(
            events.sign(at(348_474_601), b"A").unwrap(),
            "7aabf85b765e6a4d0d500b6e968657b14726fa3e1eb7e839302728ffd77629a5"
        );
        let message = events.wrap(at(348_474_602), b"B").unwrap();
        let signature = unhex(b"f72aa9642f571d24a6e1ae42f10f073ad9448d8a028b6bcd82da081335adda02");
        assert!(message.windows(32).any(|window| window == signature));
        assert_eq!(
            message.len(),
            u32::from_be_bytes(message[..4].try_into().unwrap()) as usize
        );
        let (body, crc) = message.split_at(message.len() - 4);
        assert_eq!(crc32(body).to_be_bytes(), crc);
        assert_eq!(body.last(), Some(&b'B'));
    }
}
