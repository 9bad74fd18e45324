//! Bodies that are read before they are sent.

use super::{Payload, declared};
use crate::PayloadHash;
use bytes::Buf;
use http::Request;
use http_body::Body;
use sha2::{Digest, Sha256};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};
use tower_auth_core::{AuthError, ErrorKind};

/// The body is hashed, unless the caller declares its hash: for bodies that are in memory and `Clone`, such as
/// `http_body_util::Full<Bytes>`.
///
/// A clone is read, from the first frame to the last. A body that makes its reader wait, or that does not know how long
/// it is, is an error; one that is not `Clone` does not compile. For those there are the other payloads.
///
/// ```compile_fail,E0277
/// use bytes::Bytes;
/// use http::Request;
/// use http_body_util::combinators::BoxBody;
/// use tower_auth_aws::SigV4;
/// use tower_auth_core::Authorize;
///
/// fn sign(scheme: &SigV4, request: &mut Request<BoxBody<Bytes, std::io::Error>>) {
///     scheme.authorize((), request);
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HashBody;

/// No body in memory has more empty frames than this, one after the other.
const MOST_EMPTY: usize = 1 << 10;

impl<B: Body + Clone> Payload<B> for HashBody {
    fn describe(&self, request: &mut Request<B>) -> Result<PayloadHash, AuthError> {
        match declared(request)? {
            Some(hash) => Ok(hash),
            None if request.body().is_end_stream() => Ok(PayloadHash::EMPTY),
            None => hash(request.body().clone()),
        }
    }
}

fn hash<B: Body>(body: B) -> Result<PayloadHash, AuthError> {
    let error = |why| AuthError::new(ErrorKind::Request, why);
    let mut room = body.size_hint().upper().ok_or_else(|| {
        error(
            "the body does not know how long it is, so it is no body in memory that could be hashed; use another payload \
             of SigV4",
        )
    })?;
    let mut body = pin!(body);
    let mut context = Context::from_waker(Waker::noop());
    let mut digest = Sha256::new();
    let mut empty = 0; // one after the other
    loop {
        let frame = match body.as_mut().poll_frame(&mut context) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(_))) => {
                return Err(error("the body failed while it was read to be hashed"));
            }
            Poll::Ready(None) => break,
            Poll::Pending => {
                return Err(error(
                    "the body is not in memory: it makes its reader wait, so it cannot be hashed before it is sent; use \
                     another payload of SigV4",
                ));
            }
        };
        let Ok(mut data) = frame.into_data() else {
            continue; // trailers are no part of the payload
        };
        empty = if data.has_remaining() { 0 } else { empty + 1 };
        if empty > MOST_EMPTY {
            return Err(error("the body sends empty frames without end"));
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            let length = chunk.len();
            room = room
                .checked_sub(length as u64)
                .filter(|_| length > 0)
                .ok_or_else(|| error("the body is longer than it says"))?;
            digest.update(chunk);
            data.advance(length);
        }
    }
    let hash: [u8; 32] = digest.finalize().into();
    Ok(PayloadHash::from_sha256(&hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::{Empty, Full};
    use std::convert::Infallible;

    fn described<B: Body + Clone>(body: B) -> Result<PayloadHash, AuthError> {
        HashBody.describe(&mut Request::new(body))
    }

    #[test]
    fn a_body_in_memory_is_hashed_and_left_as_it_was() {
        let mut request = Request::new(Full::new(Bytes::from_static(b"text")));
        let hash = HashBody.describe(&mut request).unwrap();
        assert_eq!(hash, PayloadHash::of(b"text"));
        assert_eq!(request.body().size_hint().exact(), Some(4));
        assert_eq!(
            described(Empty::<Bytes>::new()).unwrap(),
            PayloadHash::EMPTY
        );
        assert_eq!(
            described(Full::new(Bytes::new())).unwrap(),
            PayloadHash::EMPTY
        );
        assert_eq!(
            described("some text".to_owned()).unwrap(),
            PayloadHash::of(b"some text")
        );
    }

    /// A body that says one thing and does another.
    #[derive(Clone)]
    struct Odd(Poll<&'static [u8]>, Option<u64>);

    impl Body for Odd {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
            self.0
                .map(|text| Some(Ok(http_body::Frame::data(Bytes::from_static(text)))))
        }

        fn size_hint(&self) -> http_body::SizeHint {
            let mut hint = http_body::SizeHint::new();
            if let Some(upper) = self.1 {
                hint.set_upper(upper);
            }
            hint
        }
    }

    #[test]
    fn a_body_that_is_not_in_memory_is_an_error_and_not_a_wait() {
        for (odd, what) in [
            (Odd(Poll::Pending, Some(10)), "wait"),
            (Odd(Poll::Ready(b"x"), None), "how long"),
            (Odd(Poll::Ready(b"endless"), Some(1000)), "longer than"),
            (Odd(Poll::Ready(b""), Some(1000)), "empty frames"),
        ] {
            let error = described(odd).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request);
            assert!(error.to_string().contains(what), "{error}");
        }
    }

    #[test]
    fn a_declared_hash_comes_first() {
        let declared = PayloadHash::of(b"other");
        let mut request = Request::new(Full::new(Bytes::from_static(b"text")));
        request.extensions_mut().insert(declared);
        assert_eq!(HashBody.describe(&mut request).unwrap(), declared);
        let line = "UNSIGNED-PAYLOAD".parse().unwrap();
        request.headers_mut().insert("x-amz-content-sha256", line);
        assert_eq!(
            HashBody.describe(&mut request).unwrap(),
            PayloadHash::UNSIGNED
        );
        let line = "nonsense".parse().unwrap();
        request.headers_mut().insert("x-amz-content-sha256", line);
        let error = HashBody.describe(&mut request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
    }
}
