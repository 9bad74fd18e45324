//! Where on the request a token goes.

use super::{
    Issued,
    template::{Template, check_token},
};
use crate::{
    AuthError, Claim, Observe, Secret,
    api_key::{check, header_name},
    insert::{insert_header, insert_named},
    query,
    sum::{FinisherSlot, KeySlot, TermSlot},
};
use http::{HeaderName, HeaderValue, Request, header::AUTHORIZATION};
use std::{fmt, sync::Arc};

/// Where on the request a token goes, and what is made of it there: [`InAuthorization`], [`InHeader`], [`InQuery`], or
/// one of your own.
///
/// [`Bearer`](crate::Bearer) uses it for fixed tokens, and the schemes that fetch tokens for theirs: a token is
/// [placed](Self::place) once, when it arrives, and then [put](Put::put) on every request.
///
/// Most placements keep nothing of a request: `Sent` is `()`. One that signs each request with a key that the token is
/// bound to (DPoP, RFC 9449) keeps what it needs to make sense of the response, and sees every one: to learn a nonce of
/// a 200 as of a 401. When it answers [`Verdict::Refused`](crate::Verdict::Refused), as to a nonce that the server
/// demands, the token itself was not refused: a replay carries the same token, and none is fetched.
pub trait Placement: Clone + fmt::Debug + Send + Sync + 'static {
    /// The place in a sum that it makes of a scheme.
    type Slot: TermSlot;
    /// A token made ready for requests. Cheap to clone.
    type Placed: Clone + Send + Sync + 'static;
    /// What it keeps of a request in flight. It sees the response before anybody asks whether the token was refused.
    type Sent: Observe + Send + Sync + 'static;

    /// Makes a token ready for requests.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when no request can carry it.
    fn place(&self, token: Issued<'_>) -> Result<Self::Placed, AuthError>;

    /// Whether another try with the same token would carry the same as the one of which `sent` was kept: `true` when
    /// nothing else goes into it; `false` when, say, another nonce would. See [`Scheme::is_same`](crate::Scheme::is_same).
    fn is_same(&self, sent: &Self::Sent, next: &Self::Placed) -> bool;

    /// Tells which parts of the request it writes.
    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>));
}

/// A [`Placement`] that can put tokens on requests with a body of type `B`. Most do so for every `B`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot put a token on requests with a body of type `{B}`",
    note = "a token in a form body needs a body that is at hand: `http_body_util::Full<Bytes>`, `Bytes`, `String` or `Vec<u8>`"
)]
pub trait Put<B>: Placement {
    /// Puts a token on a request, right before it is sent. Answers with what is kept of it for the response.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when this request cannot carry it.
    fn put(&self, placed: &Self::Placed, request: &mut Request<B>)
    -> Result<Self::Sent, AuthError>;
}

/// `Authorization: Bearer <token>`, or by another template.
#[derive(Clone, Debug, Default)]
pub struct InAuthorization(Option<Template>);

impl InAuthorization {
    /// `Authorization: <template>`, with the token in the place of `{token}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the template has no `{token}`, or characters
    /// that do not belong into a header.
    pub fn with_template(template: impl AsRef<str>) -> Result<Self, AuthError> {
        let template = template.as_ref();
        Ok(Self(Some(Template::new(template)?)))
    }
}

impl Placement for InAuthorization {
    type Slot = FinisherSlot;
    type Placed = HeaderValue;
    type Sent = ();

    fn place(&self, token: Issued<'_>) -> Result<HeaderValue, AuthError> {
        match &self.0 {
            Some(template) => template.fill(token.text()),
            None => Template::new("Bearer {token}")?.fill(token.text()),
        }
    }

    fn is_same(&self, (): &(), _: &Self::Placed) -> bool {
        true
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&AUTHORIZATION));
    }
}

impl<B> Put<B> for InAuthorization {
    #[inline]
    fn put(&self, placed: &HeaderValue, request: &mut Request<B>) -> Result<(), AuthError> {
        insert_header(request.headers_mut(), AUTHORIZATION, placed.clone())
    }
}

/// A header of its own.
#[derive(Clone, Debug)]
pub struct InHeader {
    name: HeaderName,
    template: Template,
}

impl InHeader {
    /// `<name>: <template>`, with the token in the place of `{token}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the name is not the name of a header, or the
    /// template has no `{token}` or characters that do not belong into a header.
    pub fn new(
        name: impl TryInto<HeaderName>,
        template: impl AsRef<str>,
    ) -> Result<Self, AuthError> {
        let template = template.as_ref();
        Ok(Self {
            name: header_name(name)?,
            template: Template::new(template)?,
        })
    }
}

impl Placement for InHeader {
    type Slot = KeySlot;
    type Placed = HeaderValue;
    type Sent = ();

    fn place(&self, token: Issued<'_>) -> Result<HeaderValue, AuthError> {
        self.template.fill(token.text())
    }

    fn is_same(&self, (): &(), _: &Self::Placed) -> bool {
        true
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&self.name));
    }
}

impl<B> Put<B> for InHeader {
    #[inline]
    fn put(&self, placed: &HeaderValue, request: &mut Request<B>) -> Result<(), AuthError> {
        insert_named(request.headers_mut(), &self.name, placed)
    }
}

/// A query parameter.
#[derive(Clone, Debug)]
pub struct InQuery {
    name: Arc<str>,
}

impl InQuery {
    /// `?<name>=<token>`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the name is empty or has control characters.
    pub fn new(name: impl AsRef<str>) -> Result<Self, AuthError> {
        let name = name.as_ref();
        check("parameter name", name)?;
        Ok(Self { name: name.into() })
    }
}

impl Placement for InQuery {
    type Slot = KeySlot;
    type Placed = Secret;
    type Sent = ();

    fn place(&self, token: Issued<'_>) -> Result<Secret, AuthError> {
        check_token(token.text())?;
        Ok(query::pair(&self.name, token.text()))
    }

    fn is_same(&self, (): &(), _: &Self::Placed) -> bool {
        true
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Query(&self.name));
    }
}

impl<B> Put<B> for InQuery {
    #[inline]
    fn put(&self, placed: &Secret, request: &mut Request<B>) -> Result<(), AuthError> {
        query::set(request.uri_mut(), &self.name, placed.expose())
    }
}
