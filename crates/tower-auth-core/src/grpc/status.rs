//! gRPC's status codes, as far as they are of use here.

use crate::{AuthError, ErrorKind, grpc::GrpcBody};
use http::{HeaderMap, HeaderName, HeaderValue, Response, Version, header::CONTENT_TYPE};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// What `grpc-message` does not carry as it is: all but printable ASCII, and `%`.
const MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

/// A status code of gRPC: those that an [`AuthError`] can be.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum GrpcStatus {
    /// 13: the call cannot be made in this way. Nothing that is tried again will help.
    Internal,
    /// 14: the same may work a little later.
    Unavailable,
    /// 16: there are no credentials, or they are refused.
    Unauthenticated,
}

impl GrpcStatus {
    /// The number, as in `grpc-status`, and in `tonic::Code::from_i32`.
    pub const fn code(self) -> i32 {
        match self {
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }
}

impl AuthError {
    /// The status that this error is in gRPC.
    ///
    /// | error | status |
    /// | --- | --- |
    /// | credentials that could not be had, when that [may pass](Self::is_transient) | `UNAVAILABLE` (14) |
    /// | credentials that could not be had, otherwise | `UNAUTHENTICATED` (16) |
    /// | credentials that would have gone in the clear to another machine | `UNAUTHENTICATED` (16), as in grpc-go |
    /// | a call that says no origin, or cannot carry the credentials; configuration | `INTERNAL` (13) |
    ///
    /// Those of the last line have codes of their own, which gRPC keeps for what the *server* says (its proposal A54 has
    /// clients say `INTERNAL` in their place).
    ///
    /// ```
    /// use tower_auth_core::{AuthError, ErrorKind, grpc::GrpcStatus};
    ///
    /// let error = AuthError::new(ErrorKind::Credentials, "the token endpoint refused the connection").transient();
    /// assert_eq!(error.grpc_status(), GrpcStatus::Unavailable);
    /// assert_eq!(error.grpc_status().code(), 14); // tonic::Status::new(code.into(), error.to_string())
    /// ```
    pub fn grpc_status(&self) -> GrpcStatus {
        match self.kind() {
            ErrorKind::Credentials if self.is_transient() => GrpcStatus::Unavailable,
            ErrorKind::Credentials | ErrorKind::Insecure => GrpcStatus::Unauthenticated,
            ErrorKind::Configuration | ErrorKind::NoOrigin | ErrorKind::Request => {
                GrpcStatus::Internal
            }
        }
    }
}

/// Whether these headers or trailers say that the credentials were refused.
pub(super) fn is_refusal(fields: &HeaderMap) -> bool {
    fields
        .get(&GRPC_STATUS)
        .is_some_and(|status| status == "16")
}

/// An error as an answer that consists of headers only ("Trailers-Only").
pub(super) fn answer<T>(error: AuthError) -> Response<GrpcBody<T>> {
    let text = error.to_string();
    let message = utf8_percent_encode(&text, MESSAGE).to_string();
    let mut response = Response::new(GrpcBody::empty());
    *response.version_mut() = Version::HTTP_2;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let code = HeaderValue::from(error.grpc_status().code());
    headers.insert(GRPC_STATUS.clone(), code);
    if let Ok(message) = HeaderValue::try_from(message) {
        headers.insert(GRPC_MESSAGE.clone(), message);
    }
    response.extensions_mut().insert(error);
    response
}
