//! Where on the request a token goes.

use super::template::{Template, check_token};
use crate::{
    AuthError, Claim, Secret,
    api_key::{check, header_name},
    insert::{insert_header, insert_named},
    query,
    sum::{FinisherSlot, KeySlot, TermSlot},
};
use http::{HeaderName, HeaderValue, Request, header::AUTHORIZATION};
use std::{fmt, sync::Arc};

/// Where on the request a token goes: [`InAuthorization`], [`InHeader`] or [`InQuery`].
///
/// [`Bearer`](crate::Bearer) uses it for fixed tokens, and the schemes that fetch tokens for theirs: a token is
/// [placed](Self::place) once, when it arrives, and then [put](Self::put) on every request without allocating.
pub trait Placement: Clone + fmt::Debug + sealed::Sealed {
    /// The place in a sum that it makes of a scheme.
    type Slot: TermSlot;
    /// A token made ready for requests. Cheap to clone.
    type Placed: Clone + Send + Sync + 'static;

    /// Makes a token ready for requests.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when no request can carry it.
    fn place(&self, token: &str) -> Result<Self::Placed, AuthError>;

    /// Puts a token on a request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when this request cannot carry it.
    fn put<B>(&self, placed: &Self::Placed, request: &mut Request<B>) -> Result<(), AuthError>;

    /// The part of the request that it writes.
    fn claim(&self) -> Claim<'_>;
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
    pub fn with_template(template: &str) -> Result<Self, AuthError> {
        Ok(Self(Some(Template::new(template)?)))
    }
}

impl Placement for InAuthorization {
    type Slot = FinisherSlot;
    type Placed = HeaderValue;

    fn place(&self, token: &str) -> Result<HeaderValue, AuthError> {
        match &self.0 {
            Some(template) => template.fill(token),
            None => Template::new("Bearer {token}")?.fill(token),
        }
    }

    fn put<B>(&self, placed: &HeaderValue, request: &mut Request<B>) -> Result<(), AuthError> {
        insert_header(request.headers_mut(), AUTHORIZATION, placed.clone())
    }

    fn claim(&self) -> Claim<'_> {
        Claim::Header(&AUTHORIZATION)
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
    pub fn new(name: impl TryInto<HeaderName>, template: &str) -> Result<Self, AuthError> {
        Ok(Self {
            name: header_name(name)?,
            template: Template::new(template)?,
        })
    }
}

impl Placement for InHeader {
    type Slot = KeySlot;
    type Placed = HeaderValue;

    fn place(&self, token: &str) -> Result<HeaderValue, AuthError> {
        self.template.fill(token)
    }

    fn put<B>(&self, placed: &HeaderValue, request: &mut Request<B>) -> Result<(), AuthError> {
        insert_named(request.headers_mut(), &self.name, placed)
    }

    fn claim(&self) -> Claim<'_> {
        Claim::Header(&self.name)
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
    pub fn new(name: &str) -> Result<Self, AuthError> {
        check("parameter name", name)?;
        Ok(Self { name: name.into() })
    }
}

impl Placement for InQuery {
    type Slot = KeySlot;
    type Placed = Secret;

    fn place(&self, token: &str) -> Result<Self::Placed, AuthError> {
        check_token(token)?;
        Ok(query::pair(&self.name, token))
    }

    fn put<B>(&self, placed: &Self::Placed, request: &mut Request<B>) -> Result<(), AuthError> {
        query::set(request.uri_mut(), &self.name, placed.expose())
    }

    fn claim(&self) -> Claim<'_> {
        Claim::Query(&self.name)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::InAuthorization {}
    impl Sealed for super::InHeader {}
    impl Sealed for super::InQuery {}
}
