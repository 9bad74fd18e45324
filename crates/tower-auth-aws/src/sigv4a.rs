//! SigV4a: signatures that hold in a set of regions, made with P-256.

use crate::{
    Credentials, Signer,
    ecdsa::EcdsaKey,
    signer::{Realm, check_name},
};
use http::HeaderValue;
use tower_auth_core::AuthError;

impl Signer {
    /// For this service in any of these regions, with SigV4a: `*`, `us-east-1,us-west-2`, `us-*`. It is sent as
    /// `x-amz-region-set`.
    ///
    /// S3 Multi-Region Access Points and EventBridge global endpoints want it. The key depends on nothing but the
    /// credentials, and is derived once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when either is empty, or has characters that no name has.
    pub fn v4a(service: impl AsRef<str>, region_set: impl AsRef<str>) -> Result<Self, AuthError> {
        let service = service.as_ref();
        let region_set = region_set.as_ref();
        check_name("service", service)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*,".contains(&byte);
        if region_set.is_empty() || !region_set.bytes().all(allowed) {
            return Err(AuthError::configuration(
                "region set",
                "is not a list like `us-east-1,us-west-2`, `us-*` or `*`",
            ));
        }
        let regions = HeaderValue::from_str(region_set)
            .map_err(|_| AuthError::configuration("region set", "cannot be a header"))?;
        Ok(Self::with_realm(service, Realm::RegionSet(regions)))
    }
}

impl Credentials {
    /// The public half of their SigV4a key: an uncompressed point (`04`, x, y). With it anybody can verify their SigV4a
    /// signatures.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](tower_auth_core::ErrorKind::Credentials) when no key can be derived from them: one access key in 2^8000.
    pub fn v4a_public_key(&self) -> Result<Vec<u8>, AuthError> {
        Ok(EcdsaKey::derive(self)?.public_key().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ChunkError, ChunkSigned, ChunkSigner, PayloadHash, Signature,
        key::SigningKey,
        remembered::{Day, Moment},
        signature_text::SignatureText,
        stream::framing::{Framing, Signing},
    };
    use bytes::Bytes;
    use http::Request;
    use http_body_util::{BodyExt, Full};
    use std::{sync::Arc, time::SystemTime};
    use tower_auth_core::ErrorKind;

    /// A signature whose chain goes on with a key that cannot sign.
    fn broken(signer: &Signer) -> Signature {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
        let time = SystemTime::UNIX_EPOCH;
        let mut request = Request::put("https://s3.example.com/b/k").body(()).unwrap();
        let mut seed = signer
            .sign(&credentials, time, &mut request, PayloadHash::EMPTY)
            .unwrap();
        let mut key = EcdsaKey::derive(&credentials).unwrap();
        key.broken = true;
        let key = SigningKey::Ecdsa(Arc::new(key));
        let time = seed.moment.time;
        let day = Day::new(&credentials, &time, key, "", Vec::new());
        seed.moment = Arc::new(Moment::new(time, Arc::new(day)));
        seed
    }

    #[test]
    fn a_signature_that_cannot_be_made_is_an_error() {
        let signer = Signer::v4a("s3", "*").unwrap();
        let seed = broken(&signer);
        let mut signature = SignatureText::NONE;
        let error = signer.sign_hash(&seed.moment, &[b'0'; 64], &mut signature);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Credentials);
        let mut chunks = ChunkSigner::new(&signer, &seed);
        for result in [
            chunks.sign(b"chunk").map(drop),
            chunks.sign_trailer(b"").map(drop),
        ] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Credentials);
        }
    }

    #[tokio::test]
    async fn a_body_whose_chunk_cannot_be_signed_fails() {
        let signer = Signer::v4a("s3", "*").unwrap();
        for length in [0, 10, 10_000] {
            let chunks = ChunkSigner::new(&signer, &broken(&signer));
            let signing = Signing::Signed(Box::new(chunks));
            let framing = Framing::new(signing, None, 8192, length as u64).unwrap();
            let mut body = ChunkSigned::new(Full::new(Bytes::from(vec![7; length])));
            body.arm(framing);
            let error = body.collect().await.unwrap_err();
            assert!(matches!(error, ChunkError::Signature(_)), "{error}");
            assert!(error.to_string().contains("randomness"), "{error}");
        }
    }

    #[test]
    fn a_region_set_that_is_none_is_refused_by_name() {
        for bad in ["", "us east", "us-east-1\n"] {
            let error = Signer::v4a("s3", bad).unwrap_err();
            assert_eq!(error.parameter(), Some("region set"));
        }
        assert!(Signer::v4a("s3", "us-east-1,us-*").is_ok());
    }
}
