//! The chunks of a stream that is signed with SigV4a, verified with another implementation of ECDSA.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use p256::ecdsa::{DerSignature, VerifyingKey, signature::Verifier};
use sha2::{Digest, Sha256};
use tower_auth_aws::{Checksum, ChunkSigned, Chunked, Credentials, SigV4, Signer};
use tower_auth_core::Authorize;

const CHUNK: usize = 8192;
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// The server's side: it knows the public key, and each signature from the one before.
struct Verify {
    key: VerifyingKey,
    date: String,
    previous: String,
}

impl Verify {
    /// A signature as it stands on the wire: of changing length, filled up to 144 with `*`.
    fn next(&mut self, what: &str, rest: &str, padded: &str) -> Result<(), p256::ecdsa::Error> {
        assert_eq!(padded.len(), 144);
        let signature = padded.trim_end_matches('*');
        let text = format!(
            "AWS4-ECDSA-P256-SHA256-{what}\n{}\n{}/s3/aws4_request\n{}\n{rest}",
            self.date,
            &self.date[..8],
            self.previous
        );
        signature.clone_into(&mut self.previous);
        let signature = DerSignature::from_bytes(&unhex(signature))?;
        self.key.verify(text.as_bytes(), &signature)
    }

    fn chunk(&mut self, chunk: &[u8], padded: &str) -> Result<(), p256::ecdsa::Error> {
        let hash = hex(&Sha256::digest(chunk));
        self.next("PAYLOAD", &format!("{EMPTY}\n{hash}"), padded)
    }

    fn trailer(&mut self, line: &str, padded: &str) -> Result<(), p256::ecdsa::Error> {
        self.next("TRAILER", &hex(&Sha256::digest(line)), padded)
    }
}

/// A signed request, and its body as it goes on the wire.
async fn sent(chunked: Chunked, body: &[u8]) -> (Verify, Vec<u8>) {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let credentials = Credentials::new("AKIDEXAMPLE", secret).unwrap();
    let key = VerifyingKey::from_sec1_bytes(&credentials.v4a_public_key().unwrap()).unwrap();
    let body = ChunkSigned::new(Full::new(Bytes::copy_from_slice(body)));
    let mut request = Request::put("https://s3.example.com/bucket/key")
        .body(body)
        .unwrap();
    let signer = Signer::v4a("s3", "*").unwrap();
    SigV4::with_signer(signer, credentials)
        .chunked(chunked.chunk_size(CHUNK).unwrap())
        .authorize((), &mut request)
        .unwrap();
    let text = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    let authorization = text("authorization");
    let (_, previous) = authorization.split_once("Signature=").unwrap();
    let verify = Verify {
        key,
        date: text("x-amz-date"),
        previous: previous.to_owned(),
    };
    let promised: usize = text("content-length").parse().unwrap();
    let wire = request.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(wire.len(), promised);
    (verify, wire.to_vec())
}

/// The next line without its end, which is taken off the wire.
fn line<'a>(wire: &mut &'a [u8]) -> &'a str {
    let end = wire.windows(2).position(|pair| pair == b"\r\n").unwrap();
    let line = std::str::from_utf8(&wire[..end]).unwrap();
    *wire = &wire[end + 2..];
    line
}

/// Reads the chunks up to the empty one, verifies each, and gives what they hold.
fn chunks(verify: &mut Verify, wire: &mut &[u8]) -> Result<Vec<u8>, p256::ecdsa::Error> {
    let mut body = Vec::new();
    loop {
        let (length, signature) = line(wire).split_once(";chunk-signature=").unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        let chunk = &wire[..length];
        verify.chunk(chunk, signature)?;
        body.extend_from_slice(chunk);
        if length == 0 {
            return Ok(body);
        }
        *wire = &wire[length..];
        assert_eq!(line(wire), "");
    }
}

#[tokio::test]
async fn every_chunk_is_signed_with_the_key_that_the_server_knows() {
    for length in [1, CHUNK, 3 * CHUNK + 5] {
        let body: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let (mut verify, wire) = sent(Chunked::signed(), &body).await;
        let mut wire = &wire[..];
        assert_eq!(chunks(&mut verify, &mut wire).unwrap(), body);
        assert_eq!(wire, b"\r\n");
    }
}

#[tokio::test]
async fn the_trailer_is_signed_after_the_last_chunk() {
    let body = vec![7; 2 * CHUNK + 1];
    let chunked = Chunked::signed().checksum(Checksum::Crc32);
    let (mut verify, wire) = sent(chunked, &body).await;
    let mut wire = &wire[..];
    assert_eq!(chunks(&mut verify, &mut wire).unwrap(), body);
    let checksum = format!("{}\n", line(&mut wire));
    assert!(checksum.starts_with("x-amz-checksum-crc32:"), "{checksum}");
    let signature = line(&mut wire);
    let signature = signature.strip_prefix("x-amz-trailer-signature:").unwrap();
    verify.trailer(&checksum, signature).unwrap();
    assert_eq!(wire, b"\r\n");
}

#[tokio::test]
async fn a_chunk_that_was_changed_is_not_verified() {
    let body = vec![7; CHUNK + 1];
    let (mut verify, mut wire) = sent(Chunked::signed(), &body).await;
    let last = wire.iter().rposition(|byte| *byte == 7).unwrap();
    wire[last] = 8;
    assert!(chunks(&mut verify, &mut &wire[..]).is_err());
}
