//! Where the protocol parameters go (RFC 5849 section 3.5).

use crate::{SignError, base_string::Protocol, error::What, escape, method::Signature};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri,
    header::{AUTHORIZATION, CONTENT_LENGTH},
    uri::PathAndQuery,
};
use tower_auth_core::{Claim, insert_header};
use zeroize::Zeroizing;

/// Where the protocol parameters go: [`SignatureInHeader`], [`SignatureInQuery`] or [`SignatureInBody`].
pub trait SignaturePlacement: Copy + std::fmt::Debug + sealed::Sealed {
    #[doc(hidden)]
    const IN_HEADER: bool = false;
    #[doc(hidden)]
    const IN_BODY: bool = false;
    #[doc(hidden)]
    fn claims(visit: &mut dyn FnMut(Claim<'_>));
}

/// A [`SignaturePlacement`] that works for bodies of type `B`: all but [`SignatureInBody`] do so for every `B`.
#[diagnostic::on_unimplemented(
    message = "OAuth parameters cannot be put into a `{B}`",
    note = "`in_body` needs a body that is made of bytes (`B: From<Bytes>`)"
)]
pub trait PlaceSignature<B>: SignaturePlacement {
    #[doc(hidden)]
    fn place(request: &mut Request<B>, ready: Ready<'_>) -> Result<(), SignError>;
}

/// All that goes on the request.
#[doc(hidden)]
#[allow(missing_debug_implementations)] // holds a signature
pub struct Ready<'a> {
    pub(crate) protocol: &'a Protocol<'a>,
    pub(crate) signature: &'a Signature,
    /// Escaped as a quoted string.
    pub(crate) realm: Option<&'a str>,
    /// The body as it is, when it is a form.
    pub(crate) form: &'a [u8],
    /// Whether the signature gives the secrets away.
    pub(crate) wipe: bool,
}

/// `Authorization: OAuth …` (RFC 5849 section 3.5.1): the default, and what servers like best.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignatureInHeader;

/// At the end of the query (RFC 5849 section 3.5.3). Queries end up in logs; a realm cannot be sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignatureInQuery;

/// At the end of a form body (RFC 5849 section 3.5.2). A realm cannot be sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignatureInBody;

impl SignaturePlacement for SignatureInHeader {
    const IN_HEADER: bool = true;

    fn claims(visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&AUTHORIZATION));
    }
}

impl SignaturePlacement for SignatureInQuery {
    fn claims(visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Query("oauth_signature"));
    }
}

impl SignaturePlacement for SignatureInBody {
    const IN_BODY: bool = true;

    fn claims(_: &mut dyn FnMut(Claim<'_>)) {}
}

impl<B> PlaceSignature<B> for SignatureInHeader {
    fn place(request: &mut Request<B>, ready: Ready<'_>) -> Result<(), SignError> {
        let Ready {
            protocol,
            signature,
            realm,
            ..
        } = ready;
        // To the byte, so that the value is allocated once.
        let length = protocol.header_length(realm) + escape::len(signature.as_bytes()) + 1;
        let mut value = Vec::with_capacity(length);
        protocol.push_header(&mut value, realm);
        escape::push(&mut value, signature.as_bytes());
        value.push(b'"');
        let value = bytes(value, ready.wipe);
        let mut value = HeaderValue::from_maybe_shared(value).map_err(|_| What::TooLong)?;
        value.set_sensitive(true);
        insert(request.headers_mut(), AUTHORIZATION, value)
    }
}

impl<B> PlaceSignature<B> for SignatureInQuery {
    fn place(request: &mut Request<B>, ready: Ready<'_>) -> Result<(), SignError> {
        let uri = request.uri_mut();
        let path = match uri.path() {
            "" => "/",
            path => path,
        };
        let query = uri.query().unwrap_or("");
        let mut target = Vec::with_capacity(path.len() + query.len() + 2 + pairs_length(&ready));
        target.extend_from_slice(path.as_bytes());
        target.push(b'?');
        target.extend_from_slice(query.as_bytes());
        if !query.is_empty() {
            target.push(b'&');
        }
        push_pairs(&mut target, &ready);
        set_target(uri, bytes(target, ready.wipe))
    }
}

fn set_target(uri: &mut Uri, target: Bytes) -> Result<(), SignError> {
    let target = PathAndQuery::from_maybe_shared(target).map_err(|_| What::TooLong)?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target);
    *uri = Uri::from_parts(parts).map_err(|_| What::NoOrigin)?;
    Ok(())
}

impl<B: From<Bytes>> PlaceSignature<B> for SignatureInBody {
    fn place(request: &mut Request<B>, ready: Ready<'_>) -> Result<(), SignError> {
        let form = ready.form;
        let mut body = Vec::with_capacity(form.len() + 1 + pairs_length(&ready));
        body.extend_from_slice(form);
        if !form.is_empty() {
            body.push(b'&');
        }
        push_pairs(&mut body, &ready);
        fix_length(request.headers_mut(), body.len())?;
        *request.body_mut() = bytes(body, ready.wipe).into();
        Ok(())
    }
}

/// Wiped when the last clone is dropped, where secrets can be read in it.
fn bytes(text: Vec<u8>, wipe: bool) -> Bytes {
    if wipe {
        Bytes::from_owner(Zeroizing::new(text))
    } else {
        Bytes::from(text)
    }
}

/// A length that the caller had announced is no longer right.
fn fix_length(headers: &mut HeaderMap, length: usize) -> Result<(), SignError> {
    if headers.contains_key(CONTENT_LENGTH) {
        insert(headers, CONTENT_LENGTH, HeaderValue::from(length))?;
    }
    Ok(())
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> Result<(), SignError> {
    insert_header(headers, name, value).map_err(|_| What::TooManyHeaders.into())
}

/// `name=value`, joined by `&`: percent-encoded as RFC 5849 section 3.6 has it, which every form parser reads.
fn push_pairs(out: &mut Vec<u8>, ready: &Ready<'_>) {
    for (name, text) in ready.protocol.wire() {
        if let Some(text) = text {
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            out.extend_from_slice(text.as_bytes());
            out.push(b'&');
        }
    }
    out.extend_from_slice(b"oauth_signature=");
    escape::push(out, ready.signature.as_bytes());
}

fn pairs_length(ready: &Ready<'_>) -> usize {
    let mut length = "oauth_signature=".len() + escape::len(ready.signature.as_bytes());
    for (name, text) in ready.protocol.wire() {
        length += text.map_or(0, |text| name.len() + text.len() + 2);
    }
    length
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::SignatureInHeader {}
    impl Sealed for super::SignatureInQuery {}
    impl Sealed for super::SignatureInBody {}
}
