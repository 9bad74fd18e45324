//! A token in a form body (RFC 6750 section 2.2).

use crate::form;
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body::Body as _;
use http_body_util::Full;
use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};
use tower_auth_core::{
    AuthError, Claim, ErrorKind, Secret,
    bearer::{Issued, Placement, Put},
    insert_header_if_absent,
    sum::KeySlot,
};
use zeroize::Zeroizing;

const FORM: &str = "application/x-www-form-urlencoded";

/// `<name>=<token>` in a form body (RFC 6750 section 2.2, which advises against it). A key of sums.
///
/// The request's `Content-Type` has to be that of a form, or absent, and its method one whose body means something. The
/// body has to be at hand: a [`FormBody`].
#[derive(Clone, Debug)]
pub struct InFormBody {
    name: Arc<str>,
}

impl InFormBody {
    /// Under this name; RFC 6750 calls it `access_token`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the name is empty or has control characters.
    pub fn new(name: impl AsRef<str>) -> Result<Self, AuthError> {
        let name = name.as_ref();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(AuthError::configuration(
                "parameter name",
                "is empty or has a control character",
            ));
        }
        Ok(Self { name: name.into() })
    }
}

/// A body that is at hand, and can be made of other bytes.
pub trait FormBody {
    /// Its bytes; `None` when they are not at hand.
    fn bytes(&self) -> Option<Bytes>;
    /// A body of these bytes.
    fn from_bytes(bytes: Bytes) -> Self;
}

impl FormBody for Bytes {
    fn bytes(&self) -> Option<Bytes> {
        Some(self.clone())
    }

    fn from_bytes(bytes: Bytes) -> Self {
        bytes
    }
}

impl FormBody for Vec<u8> {
    fn bytes(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self))
    }

    fn from_bytes(bytes: Bytes) -> Self {
        bytes.to_vec()
    }
}

/// Prints no bytes: a request with it can be printed although there is a token in it.
impl FormBody for tower_auth_http::Body {
    fn bytes(&self) -> Option<Bytes> {
        Some(self.bytes().clone())
    }

    fn from_bytes(bytes: Bytes) -> Self {
        bytes.into()
    }
}

impl FormBody for Full<Bytes> {
    fn bytes(&self) -> Option<Bytes> {
        // It has no accessor, but a clone of it is never pending.
        let mut body = pin!(self.clone());
        let mut cx = Context::from_waker(Waker::noop());
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(None) => Some(Bytes::new()),
            Poll::Ready(Some(Ok(frame))) => frame.into_data().ok(),
            Poll::Ready(Some(Err(never))) => match never {},
            Poll::Pending => None,
        }
    }

    fn from_bytes(bytes: Bytes) -> Self {
        Self::new(bytes)
    }
}

impl Placement for InFormBody {
    type Slot = KeySlot;
    type Placed = Secret; // `name=token`
    type Sent = ();

    fn place(&self, token: Issued<'_>) -> Result<Secret, AuthError> {
        let token = token.text();
        if token.is_empty() {
            return Err(AuthError::configuration("token", "is empty"));
        }
        let (name, token) = (form::encode(&self.name), form::encode(token));
        let mut pair = String::with_capacity(name.len() + token.len() + 1);
        pair.push_str(&name);
        pair.push('=');
        pair.push_str(&token);
        Ok(Secret::from(pair))
    }

    fn is_same(&self, (): &(), _: &Secret) -> bool {
        true
    }

    /// A body belongs to no two schemes by accident, and no claim says so.
    fn claims(&self, _: &mut dyn FnMut(Claim<'_>)) {}
}

impl<B: FormBody> Put<B> for InFormBody {
    fn put(&self, placed: &Secret, request: &mut Request<B>) -> Result<(), AuthError> {
        let refuse = |why: &'static str| Err(AuthError::new(ErrorKind::Request, why));
        if matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::TRACE | Method::CONNECT
        ) {
            return refuse(
                "a token in a form body needs a method whose body means something, such as POST",
            );
        }
        let is_form = |value: &HeaderValue| {
            let value = value.to_str().unwrap_or_default();
            let kind = value.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case(FORM)
        };
        match request.headers().get(CONTENT_TYPE) {
            Some(value) if !is_form(value) => {
                return refuse(
                    "a token in a form body needs a form; this request carries something else",
                );
            }
            _ => {}
        }
        if request.headers().contains_key(CONTENT_ENCODING) {
            return refuse("a token in a form body needs a form that is not encoded or compressed");
        }
        let Some(old) = request.body().bytes() else {
            return refuse("a token in a form body needs a body that is at hand, not a stream");
        };
        let mut body = Zeroizing::new(Vec::with_capacity(old.len() + placed.expose().len() + 1));
        for pair in old
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            // What was there under the same name is replaced.
            if form_urlencoded::parse(pair)
                .next()
                .is_some_and(|(known, _)| *known == *self.name)
            {
                continue;
            }
            body.extend_from_slice(pair);
            body.push(b'&');
        }
        body.extend_from_slice(placed.expose().as_bytes());
        let headers = request.headers_mut();
        insert_header_if_absent(headers, CONTENT_TYPE, HeaderValue::from_static(FORM))?;
        if let Some(value) = headers.get_mut(CONTENT_LENGTH) {
            *value = HeaderValue::from(body.len());
        }
        *request.body_mut() = B::from_bytes(Bytes::from_owner(body));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carry(request: &mut Request<Full<Bytes>>) -> Result<(), AuthError> {
        let place = InFormBody::new("access_token").unwrap();
        place.put(&place.place("t/+".into()).unwrap(), request)
    }

    #[test]
    fn a_token_joins_a_form() {
        let body = Full::<Bytes>::from("a=1&access%5Ftoken=old&b=2");
        let mut request = Request::post("https://h/")
            .header(CONTENT_LENGTH, 26)
            .body(body)
            .unwrap();
        carry(&mut request).unwrap();
        assert_eq!(
            request.body().bytes().unwrap(),
            "a=1&b=2&access_token=t%2F%2B"
        );
        assert_eq!(request.headers()[CONTENT_LENGTH], "28");
        assert_eq!(request.headers()[CONTENT_TYPE], FORM);
        let mut empty = Request::post("https://h/").body(Full::default()).unwrap();
        carry(&mut empty).unwrap();
        assert_eq!(empty.body().bytes().unwrap(), "access_token=t%2F%2B");
    }

    #[test]
    fn what_is_no_form_is_left_alone_and_not_sent() {
        let body = Full::<Bytes>::from("{}");
        let mut json = Request::post("https://h/")
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap();
        assert_eq!(carry(&mut json).unwrap_err().kind(), ErrorKind::Request);
        assert_eq!(json.body().bytes().unwrap(), "{}");
        let mut compressed = Request::post("https://h/")
            .header(CONTENT_ENCODING, "gzip")
            .body(Full::<Bytes>::from("\x1f&"))
            .unwrap();
        assert_eq!(
            carry(&mut compressed).unwrap_err().kind(),
            ErrorKind::Request
        );
        assert_eq!(compressed.body().bytes().unwrap(), "\x1f&");
        let mut get = Request::get("https://h/").body(Full::default()).unwrap();
        assert_eq!(carry(&mut get).unwrap_err().kind(), ErrorKind::Request);
    }

    #[test]
    fn a_full_header_map_is_an_error_and_the_body_is_left_alone() {
        let mut request = Request::post("https://h/").body(Full::from("a=1")).unwrap();
        let mut number = 0;
        while request
            .headers_mut()
            .try_insert(
                http::HeaderName::try_from(format!("x-{number}")).unwrap(),
                HeaderValue::from_static("x"),
            )
            .is_ok()
        {
            number += 1;
        }
        assert_eq!(carry(&mut request).unwrap_err().kind(), ErrorKind::Request);
        assert_eq!(request.body().bytes().unwrap(), "a=1");
    }

    #[test]
    fn a_body_of_the_room_that_fetches_prints_no_token() {
        let place = InFormBody::new("access_token").unwrap();
        let body = tower_auth_http::Body::from("a=1");
        let mut request = Request::post("https://h/").body(body).unwrap();
        let placed = place.place("planted".into()).unwrap();
        place.put(&placed, &mut request).unwrap();
        assert_eq!(request.body().bytes(), "a=1&access_token=planted");
        assert!(!format!("{request:?}").contains("planted"));
    }
}
