//! Chunk signatures: each continues the one before, beginning with that of the request.

use crate::{
    Signature, Signer,
    hex::hex32,
    key::SigningKey,
    signature_text::SignatureText,
    sink::{Sink, Text},
};
use sha2::{Digest, Sha256};
use std::fmt;
use tower_auth_core::AuthError;

/// Signs the chunks of an `aws-chunked` body, one after the other.
///
/// [`Chunked`](crate::Chunked) and [`ChunkSigned`](crate::ChunkSigned) do it all for a body that is a stream; this is the
/// bare computation.
#[derive(Clone)]
pub struct ChunkSigner {
    key: SigningKey,
    algorithm: &'static str,
    when_and_where: Box<[u8]>, // timestamp and scope, between line ends
    previous: SignatureText,
}

const OF_NOTHING: &[u8] = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl ChunkSigner {
    /// Continues the signature of a request. The signer is the one that made it.
    pub fn new(signer: &Signer, seed: &Signature) -> Self {
        let mut when_and_where = Vec::with_capacity(96);
        when_and_where.put_byte(b'\n');
        when_and_where.put(seed.moment.time.as_bytes());
        when_and_where.put_byte(b'\n');
        when_and_where.put(&seed.moment.day.scope);
        when_and_where.put_byte(b'\n');
        Self {
            key: seed.moment.day.key.clone(),
            algorithm: signer.algorithm(),
            when_and_where: when_and_where.into(),
            previous: seed.text,
        }
    }

    /// The signature of the next chunk, in hexadecimal digits. The last chunk is empty, and signed too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when the system gives SigV4a no randomness;
    /// never with SigV4. The chain is where it was.
    pub fn sign(&mut self, chunk: &[u8]) -> Result<&str, AuthError> {
        let signature = self.sign_hash(&Sha256::digest(chunk).into())?;
        Ok(signature.as_str())
    }

    /// The signature of the trailers, which come after the last chunk: each a line `name:value\n`, sorted by name.
    ///
    /// # Errors
    ///
    /// As [`sign`](Self::sign).
    pub fn sign_trailer(&mut self, lines: &[u8]) -> Result<&str, AuthError> {
        let hash = hex32(&Sha256::digest(lines).into());
        let signature = self.next("-TRAILER", |sink| sink.put(&hash))?;
        Ok(signature.as_str())
    }

    pub(crate) fn sign_hash(&mut self, chunk: &[u8; 32]) -> Result<&SignatureText, AuthError> {
        let hash = hex32(chunk);
        self.next("-PAYLOAD", |sink| {
            sink.put(OF_NOTHING);
            sink.put(b"\n");
            sink.put(&hash);
        })
    }

    fn next(
        &mut self,
        what: &str,
        rest: impl FnOnce(&mut Text),
    ) -> Result<&SignatureText, AuthError> {
        let mut text = Text::new();
        text.put(self.algorithm.as_bytes());
        text.put(what.as_bytes());
        text.put(&self.when_and_where);
        text.put(self.previous.as_bytes());
        text.put(b"\n");
        rest(&mut text);
        self.key.sign(text.as_bytes(), &mut self.previous)?;
        Ok(&self.previous)
    }

    /// How many characters a signature takes: those of SigV4a are of changing length, and filled up.
    pub(crate) fn width(&self) -> usize {
        match self.key {
            SigningKey::Hmac(_) => 64,
            #[cfg(feature = "sigv4a")]
            SigningKey::Ecdsa(_) => 144,
        }
    }
}

impl fmt::Debug for ChunkSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkSigner").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, PayloadHash};
    use http::Request;
    use std::time::{Duration, SystemTime};

    /// "Signature calculations for the authorization header: transferring payload in multiple chunks", S3 API reference.
    #[test]
    fn the_published_example_of_chunks() {
        let credentials = Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        );
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let signer = Signer::new("s3", "us-east-1")
            .and_then(|signer| signer.include_headers(["*", "content-length"]))
            .unwrap();
        let mut request = Request::put("https://s3.amazonaws.com/examplebucket/chunkObject.txt")
            .header("x-amz-storage-class", "REDUCED_REDUNDANCY")
            .header("content-encoding", "aws-chunked")
            .header("x-amz-decoded-content-length", "66560")
            .header("content-length", "66824")
            .body(())
            .unwrap();
        let payload = PayloadHash::SIGNED_CHUNKS;
        let seed = signer
            .sign(&credentials.unwrap(), time, &mut request, payload)
            .unwrap();
        assert!(
            seed.as_str()
                .starts_with("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")
        );
        let mut chunks = ChunkSigner::new(&signer, &seed);
        for (length, signature) in [
            (
                65_536,
                "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            ),
            (
                1024,
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            ),
            (
                0,
                "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
            ),
        ] {
            assert_eq!(chunks.sign(&vec![b'a'; length]).unwrap(), signature);
        }
    }
}
