//! A chunk of 64 KiB of an `aws-chunked` body.

use super::{ID, REGION, SECRET, frozen, peers, time};
use crate::{BoxError, Case, Work};
use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::sign::v4::{SigningParams, sign_chunk};
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest, Sha256};
use std::{
    cell::RefCell,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tower_auth_aws::{ChunkSigned, ChunkSigner, Chunked, Credentials, PayloadHash, SigV4, Signer};
use tower_auth_core::Authorize;

const SIZE: usize = 64 * 1024;

fn chunk() -> Bytes {
    Bytes::from(vec![b'a'; SIZE])
}

/// The computation alone, next to the SDK's.
pub(super) fn against_aws_sigv4() -> Result<Case, BoxError> {
    let signer = Signer::new("s3", REGION)?;
    let credentials = Credentials::new(ID, SECRET)?;
    let mut request = Request::put("https://s3.example.com/bucket/key").body(())?;
    let seed = signer.sign(
        &credentials,
        time(),
        &mut request,
        PayloadHash::SIGNED_CHUNKS,
    )?;
    let before = seed.as_str().to_owned();
    let chain = ChunkSigner::new(&signer, &seed);
    let data = chunk();
    let identity: Identity = AwsCredentials::new(ID, SECRET, None, None, "bench").into();
    let theirs = Rc::new((identity, before, chunk()));
    Ok(Case::new(
        "signature of a 64 KiB chunk / aws-sigv4",
        Work::new(
            move || (chain.clone(), data.clone()),
            |(mut chain, data)| {
                chain.sign(&data).expect("HMAC does not fail");
                chain
            },
            |_| "signed".to_owned(),
        ),
        Work::new(
            move || Rc::clone(&theirs),
            |theirs| {
                let params = SigningParams::builder()
                    .identity(&theirs.0)
                    .region(REGION)
                    .name("s3")
                    .time(time())
                    .settings(())
                    .build()
                    .expect("all is set");
                let signed = sign_chunk(&theirs.2, &theirs.1, &params).expect("signed");
                signed.into_parts().1
            },
            |_| "signed".to_owned(),
        ),
    ))
}

/// A stream without end, but for its count.
#[derive(Debug)]
struct Endless(Bytes);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(self.0.clone()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::MAX / 4)
    }
}

type Stream = Rc<RefCell<ChunkSigned<Endless>>>;

/// A chunk on its way through the body, next to SHA-256 over it.
pub(super) fn against_the_hash() -> Result<Case, BoxError> {
    let scheme = SigV4::new("s3", REGION, Credentials::new(ID, SECRET)?)?
        .clock(frozen())
        .chunked(Chunked::signed());
    let mut request = Request::put("https://s3.example.com/bucket/key")
        .body(ChunkSigned::new(Endless(chunk())))?;
    scheme.authorize((), &mut request)?;
    let stream: Stream = Rc::new(RefCell::new(request.into_body()));
    let data = chunk();
    Ok(Case::new(
        "64 KiB chunk through `ChunkSigned` / the hash of the chunk alone",
        peers::nothing_shown(Work::new(
            move || Rc::clone(&stream),
            |stream| {
                let mut stream = stream.borrow_mut();
                let mut cx = Context::from_waker(Waker::noop());
                let mut sent = 0;
                while sent < SIZE {
                    match Pin::new(&mut *stream).poll_frame(&mut cx) {
                        Poll::Ready(Some(Ok(frame))) => {
                            let data = frame.into_data().expect("no trailers");
                            // The line before a chunk is short.
                            if data.len() > 1000 {
                                sent += data.len();
                            }
                        }
                        _ => unreachable!("without end"),
                    }
                }
                sent
            },
            |_| "sent".to_owned(),
        )),
        peers::nothing_shown(Work::new(
            move || data.clone(),
            |data| Sha256::digest(&data),
            |_| "hashed".to_owned(),
        )),
    ))
}
