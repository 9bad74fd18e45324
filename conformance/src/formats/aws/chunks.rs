//! `aws-chunked` bodies: the signature of every chunk and of the trailers, and the bytes on the wire.

use super::{Body, Context, Recorded, judge as steps};
use crate::{
    case::Judged,
    record::{Read as _, same, text},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tower_auth_aws::ChunkSigner;

#[derive(Deserialize)]
struct Expected {
    chunk_signatures: Vec<ChunkSignature>,
    trailer: Option<Trailer>,
    wire_length: usize,
    wire_sha256: String,
    wire_base64: Option<String>,
}

#[derive(Deserialize)]
struct ChunkSignature {
    size: usize,
    signature: String,
}

#[derive(Deserialize)]
struct Trailer {
    headers: Vec<(String, String)>,
    signature: String,
}

pub(super) fn judge(entry: &Value) -> Judged {
    let mut context: Context = entry.read("context")?;
    let recorded: Recorded = entry.read("request")?;
    let expected: Expected = entry.read("expected")?;
    let chunks: Vec<Body> = entry.read("chunks")?;
    let seed = entry.read("expected")?;
    // The published examples sign `content-length`.
    context.never_signed_headers = Some(vec!["user-agent".to_owned()]);
    let payload = context.payload(&[])?;
    let host = entry["host_header"].as_str();
    let signed = steps::header(&context, &recorded, host, payload, &seed, false)?;
    let mut signer = ChunkSigner::new(&signed.signer, &signed.signature);

    let mut wire = Vec::new();
    let chunks: Vec<Vec<u8>> = chunks.iter().map(Body::bytes).collect::<Result<_, _>>()?;
    let ends = std::iter::once(Vec::new());
    let mut recorded = expected.chunk_signatures.iter();
    for (index, chunk) in chunks.into_iter().chain(ends).enumerate() {
        let recorded = recorded.next().ok_or("records too few chunks")?;
        if recorded.size != chunk.len() {
            return Err(format!(
                "chunk {index} has {} bytes, recorded {}",
                chunk.len(),
                recorded.size
            )
            .into());
        }
        let signature = signer.sign(&chunk).map_err(|e| e.to_string())?;
        same(&format!("chunk {index}"), signature, &recorded.signature)?;
        wire.extend(format!("{:x};chunk-signature={signature}\r\n", chunk.len()).bytes());
        if !chunk.is_empty() {
            wire.extend(chunk);
            wire.extend(b"\r\n");
        }
    }
    if recorded.next().is_some() {
        return Err("records more chunks than there are".into());
    }
    if let Some(Trailer {
        mut headers,
        signature,
    }) = expected.trailer
    {
        headers.sort();
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{}:{value}\n", name.to_lowercase()))
            .collect();
        let ours = signer
            .sign_trailer(lines.as_bytes())
            .map_err(|e| e.to_string())?;
        same("trailer", ours, &signature)?;
        for (name, value) in headers {
            wire.extend(format!("{name}:{value}\r\n").bytes());
        }
        wire.extend(format!("x-amz-trailer-signature:{ours}\r\n").bytes());
    }
    wire.extend(b"\r\n");
    if wire.len() != expected.wire_length {
        return Err(format!(
            "{} bytes on the wire, recorded {}",
            wire.len(),
            expected.wire_length
        )
        .into());
    }
    if let Some(recorded) = expected.wire_base64 {
        let recorded = STANDARD.decode(recorded).map_err(text)?;
        same(
            "wire",
            &String::from_utf8_lossy(&wire),
            &String::from_utf8_lossy(&recorded),
        )?;
    }
    let hash: String = Sha256::digest(&wire)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    same("hash of the wire", &hash, &expected.wire_sha256)
}
