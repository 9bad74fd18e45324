//! The steps of a signature, each by itself.

use super::{Realm, Signer};
use crate::{
    Credentials, PayloadHash,
    canonical::{SignedHeaders, put_request},
    hex::hex32,
    key::{SigningKey, sha256_hex},
    remembered::Moment,
    signature_text::SignatureText,
    sink::{Sink, Text},
    timestamp::Timestamp,
};
use std::time::SystemTime;
use tower_auth_core::{AuthError, RequestHead};

impl Signer {
    /// The canonical request of a request *as it is sent*, with all that [`sign`](Self::sign) adds. It holds what the
    /// headers hold, the session token among it: do not log it.
    pub fn canonical_request(&self, request: RequestHead<'_>, payload: PayloadHash) -> Vec<u8> {
        let headers = SignedHeaders::new(request.headers, &self.headers);
        let mut names = Text::new();
        headers.put_names(&mut names);
        let (names, line) = (names.as_bytes(), payload.as_bytes());
        let mut text = Vec::with_capacity(1024);
        put_request(&mut text, request.into(), self.path, &headers, names, line);
        text
    }

    /// The string to sign for a canonical request.
    pub fn string_to_sign(&self, time: SystemTime, canonical_request: &[u8]) -> String {
        let hash = sha256_hex(|sink| sink.put(canonical_request));
        let time = Timestamp::new(time);
        let mut scope = Vec::with_capacity(64);
        self.put_scope(&mut scope, &time);
        let mut text = Vec::with_capacity(256);
        self.put_string_to_sign(&mut text, &time, &scope, &hash);
        String::from_utf8(text).unwrap_or_default() // ASCII: `check_name` saw to it
    }

    /// The signature of a string to sign, in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when no SigV4a key can be derived from the
    /// credentials, or the system gives it no randomness; never with SigV4.
    pub fn signature(
        &self,
        credentials: &Credentials,
        time: SystemTime,
        string_to_sign: &str,
    ) -> Result<String, AuthError> {
        let moment = self.moment(credentials, time)?;
        let mut text = SignatureText::NONE;
        moment.day.key.sign(string_to_sign.as_bytes(), &mut text)?;
        Ok(text.as_str().to_owned())
    }

    /// `date/region/service/aws4_request`; no region in SigV4a.
    pub(super) fn put_scope(&self, sink: &mut impl Sink, time: &Timestamp) {
        sink.put(time.date());
        sink.put(b"/");
        match &self.realm {
            Realm::Region(region) => {
                sink.put(region.as_bytes());
                sink.put(b"/");
            }
            #[cfg(feature = "sigv4a")]
            Realm::RegionSet(_) => {}
        }
        sink.put(self.service.as_bytes());
        sink.put(b"/aws4_request");
    }

    fn put_string_to_sign(
        &self,
        sink: &mut impl Sink,
        time: &Timestamp,
        scope: &[u8],
        hash: &[u8; 64],
    ) {
        sink.put(self.algorithm().as_bytes());
        sink.put(b"\n");
        sink.put(time.as_bytes());
        sink.put(b"\n");
        sink.put(scope);
        sink.put(b"\n");
        sink.put(hash);
    }

    /// The string to sign of a request whose canonical form has this hash, signed.
    #[inline]
    pub(crate) fn sign_hash(
        &self,
        moment: &Moment,
        hash: &[u8; 64],
        signature: &mut SignatureText,
    ) -> Result<(), AuthError> {
        if let (SigningKey::Hmac(key), Some(begun)) = (&moment.day.key, &moment.begun) {
            let mut text = begun.clone();
            text.put(hash);
            signature.set(&hex32(&key.finish(&mut text)));
            return Ok(());
        }
        let mut text = Text::new();
        self.put_string_to_sign(&mut text, &moment.time, &moment.day.scope, hash);
        moment.day.key.sign(text.as_bytes(), signature)
    }
}
