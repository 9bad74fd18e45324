//! `aws-chunked`: streams whose length is known, to S3.

use super::{Payload, Seed, carries_a_body, say_empty};
use crate::{
    Checksum, ChunkSigned, ChunkSigner, PayloadHash,
    stream::framing::{Framing, Signing},
};
use http::{HeaderName, HeaderValue, Request, header};
use http_body::Body;
use tower_auth_core::{AuthError, ErrorKind, insert_header};

static X_AMZ_DECODED_CONTENT_LENGTH: HeaderName =
    HeaderName::from_static("x-amz-decoded-content-length");
static X_AMZ_TRAILER: HeaderName = HeaderName::from_static("x-amz-trailer");

/// The body is sent in chunks, each signed, or followed by a checksum: `Content-Encoding: aws-chunked`.
///
/// For bodies that are wrapped into [`ChunkSigned`], of any size, in constant memory. How long the body is must be known:
/// by its size hint, by [`ChunkSigned::with_length`], or by the header `x-amz-decoded-content-length`.
///
/// | | `x-amz-content-sha256` |
/// | --- | --- |
/// | [`Chunked::signed`] | `STREAMING-AWS4-HMAC-SHA256-PAYLOAD` |
/// | … with a checksum | `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER` |
/// | [`Chunked::unsigned`] | `STREAMING-UNSIGNED-PAYLOAD-TRAILER` |
///
/// A body that is empty goes plain, signed with the hash of nothing: a `GET` has no body, and no chunks either.
#[derive(Clone, Copy, Debug)]
pub struct Chunked {
    signed: bool,
    checksum: Option<Checksum>,
    size: usize,
}

/// What the SDKs send.
const USUAL: usize = 64 * 1024;

impl Chunked {
    /// Every chunk is signed.
    pub const fn signed() -> Self {
        Self {
            signed: true,
            checksum: None,
            size: USUAL,
        }
    }

    /// No chunk is signed; a checksum follows the last. Over https only.
    pub const fn unsigned(checksum: Checksum) -> Self {
        Self {
            signed: false,
            checksum: Some(checksum),
            size: USUAL,
        }
    }

    /// A checksum follows the last chunk, as a (signed) trailer.
    #[must_use]
    pub const fn checksum(self, checksum: Checksum) -> Self {
        Self {
            checksum: Some(checksum),
            ..self
        }
    }

    /// How many bytes a chunk has: 64 KiB by default, which is what is kept in memory of the body. The last is shorter.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for less than 8 KiB, which S3 refuses, and for more than 16 MiB.
    pub fn chunk_size(self, bytes: usize) -> Result<Self, AuthError> {
        if !(8 * 1024..=16 * 1024 * 1024).contains(&bytes) {
            return Err(AuthError::configuration(
                "chunk size",
                "is less than 8 KiB or more than 16 MiB",
            ));
        }
        Ok(Self {
            size: bytes,
            ..self
        })
    }
}

impl Chunked {
    /// Chunks of nothing would make a body of nothing one of a hundred bytes. A checksum stands where others are.
    fn describe_nothing<B>(&self, request: &mut Request<B>) -> Result<PayloadHash, AuthError> {
        say_empty(request)?;
        let carries = carries_a_body(request.method());
        let headers = request.headers_mut();
        headers.remove(&X_AMZ_DECODED_CONTENT_LENGTH);
        if let Some(checksum) = self.checksum.filter(|_| carries) {
            let value = HeaderValue::try_from(checksum.of_nothing()).map_err(|_| too_long())?;
            insert_header(headers, HeaderName::from_static(checksum.trailer()), value)?;
        }
        Ok(PayloadHash::EMPTY)
    }
}

#[diagnostic::do_not_recommend]
impl<B: Body> Payload<ChunkSigned<B>> for Chunked {
    fn describe(&self, request: &mut Request<ChunkSigned<B>>) -> Result<PayloadHash, AuthError> {
        if request.body().is_empty() {
            return self.describe_nothing(request);
        }
        let length = length_of(request)?;
        let headers = request.headers_mut();
        let decoded = HeaderValue::from(length);
        insert_header(headers, X_AMZ_DECODED_CONTENT_LENGTH.clone(), decoded)?;
        let encoding = match headers.get(header::CONTENT_ENCODING) {
            None => HeaderValue::from_static("aws-chunked"),
            Some(inner) => {
                let value = [b"aws-chunked,", inner.as_bytes()].concat();
                HeaderValue::from_bytes(&value).map_err(|_| too_long())?
            }
        };
        insert_header(headers, header::CONTENT_ENCODING, encoding)?;
        if let Some(checksum) = self.checksum {
            let name = HeaderValue::from_static(checksum.trailer());
            insert_header(headers, X_AMZ_TRAILER.clone(), name)?;
        }
        Ok(match (self.signed, self.checksum) {
            (true, None) => PayloadHash::SIGNED_CHUNKS,
            (true, Some(_)) => PayloadHash::SIGNED_CHUNKS_TRAILER,
            (false, _) => PayloadHash::UNSIGNED_CHUNKS_TRAILER,
        })
    }

    fn signed(
        &self,
        request: &mut Request<ChunkSigned<B>>,
        seed: Seed<'_>,
    ) -> Result<(), AuthError> {
        if request.body().is_empty() {
            return Ok(());
        }
        let length = length_of(request)?;
        let signing = if self.signed {
            Signing::Signed(Box::new(ChunkSigner::new(seed.signer, seed.signature)))
        } else {
            Signing::Unsigned
        };
        let framing =
            Framing::new(signing, self.checksum, self.size, length).ok_or_else(too_long)?;
        // A length that the caller set is that of the body, and no longer true.
        let wire = HeaderValue::from(framing.remaining());
        insert_header(request.headers_mut(), header::CONTENT_LENGTH, wire)?;
        request.body_mut().arm(framing);
        Ok(())
    }
}

fn length_of<B: Body>(request: &Request<ChunkSigned<B>>) -> Result<u64, AuthError> {
    let header = request.headers().get(&X_AMZ_DECODED_CONTENT_LENGTH);
    let declared = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    request.body().decoded_length().or(declared).ok_or_else(|| {
        AuthError::new(
            ErrorKind::Request,
            "the body does not know how long it is, and S3 has to be told beforehand; use `ChunkSigned::with_length`, or \
             set `x-amz-decoded-content-length`",
        )
    })
}

fn too_long() -> AuthError {
    AuthError::new(ErrorKind::Request, "the body is too long to be chunked")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, SigV4, Signer};
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};
    use tower_auth_core::Authorize;

    fn signed(signer: Signer, chunked: Chunked) -> Request<ChunkSigned<Full<Bytes>>> {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
        let body = ChunkSigned::new(Full::new(Bytes::from(vec![7; 200_000])));
        let mut request = Request::put("https://s3.example.com/bucket/key")
            .body(body)
            .unwrap();
        SigV4::with_signer(signer, credentials)
            .chunked(chunked)
            .authorize((), &mut request)
            .unwrap();
        request
    }

    async fn length(request: Request<ChunkSigned<Full<Bytes>>>) -> (String, usize) {
        let promised = request.headers()["content-length"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(request.body().size_hint().exact(), promised.parse().ok());
        (
            promised,
            request
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .len(),
        )
    }

    #[tokio::test]
    async fn a_signed_body_is_as_long_as_its_header_says() {
        let modes = [
            Chunked::signed(),
            Chunked::signed().checksum(Checksum::Sha256),
            Chunked::unsigned(Checksum::Crc64Nvme),
        ];
        for mode in modes {
            let signer = Signer::new("s3", "us-east-1").unwrap();
            let (promised, sent) = length(signed(signer, mode)).await;
            assert_eq!(promised, sent.to_string(), "{mode:?}");
        }
    }

    #[test]
    fn an_empty_body_goes_plain() {
        let empty = |method: &str, chunked: Chunked| {
            let mut request = Request::builder()
                .method(method)
                .uri("https://s3.example.com/bucket/key")
                .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
                .body(ChunkSigned::new(Full::<Bytes>::default()))
                .unwrap();
            let signer = Signer::new("s3", "us-east-1").unwrap();
            let credentials = Credentials::new("AKIDEXAMPLE", "secret").unwrap();
            let scheme = SigV4::with_signer(signer, credentials).chunked(chunked);
            scheme.authorize((), &mut request).unwrap();
            assert_eq!(request.body().size_hint().exact(), Some(0));
            let headers = std::mem::take(request.headers_mut());
            assert_eq!(headers["x-amz-content-sha256"], PayloadHash::EMPTY.as_str());
            for chunks in [
                "content-encoding",
                "x-amz-decoded-content-length",
                "x-amz-trailer",
            ] {
                assert!(!headers.contains_key(chunks), "{chunks}");
            }
            headers
        };
        let crc = Chunked::signed().checksum(Checksum::Crc32);
        for chunked in [Chunked::signed(), crc, Chunked::unsigned(Checksum::Crc32)] {
            let get = empty("GET", chunked);
            assert!(
                !get.contains_key("content-length") && !get.contains_key("x-amz-checksum-crc32")
            );
            assert_eq!(empty("PUT", chunked)["content-length"], "0");
        }
        assert_eq!(empty("PUT", crc)["x-amz-checksum-crc32"], "AAAAAA==");
    }

    /// ECDSA signatures are of changing length; they are filled up, and the line says which they are.
    #[cfg(feature = "sigv4a")]
    #[tokio::test]
    async fn chunks_can_be_signed_with_sigv4a() {
        for (mode, line) in [
            (
                Chunked::signed(),
                "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
            ),
            (
                Chunked::signed().checksum(Checksum::Crc32),
                "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
            ),
        ] {
            let request = signed(Signer::v4a("s3", "*").unwrap(), mode);
            assert_eq!(request.headers()["x-amz-content-sha256"], line);
            let (promised, sent) = length(request).await;
            assert_eq!(promised, sent.to_string(), "{mode:?}");
        }
    }

    #[test]
    fn a_chunk_size_that_s3_refuses_is_refused_by_name() {
        for size in [0, 8191, 16 * 1024 * 1024 + 1] {
            let error = Chunked::signed().chunk_size(size).unwrap_err();
            assert_eq!(error.parameter(), Some("chunk size"));
        }
    }
}
