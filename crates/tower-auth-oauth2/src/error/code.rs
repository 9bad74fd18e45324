//! Error codes of authorization servers.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// An error code that a specification defines. Others are met as well; [`ErrorResponse::error`] has all of them.
        ///
        /// [`ErrorResponse::error`]: crate::ErrorResponse::error
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)+
        }

        impl ErrorCode {
            /// As servers write it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The code of this name, letter by letter.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// RFC 6749 section 5.2.
    InvalidRequest = "invalid_request",
    /// RFC 6749 section 5.2.
    InvalidClient = "invalid_client",
    /// RFC 6749 section 5.2.
    InvalidGrant = "invalid_grant",
    /// RFC 6749 section 5.2.
    UnauthorizedClient = "unauthorized_client",
    /// RFC 6749 section 5.2.
    UnsupportedGrantType = "unsupported_grant_type",
    /// RFC 6749 section 5.2.
    InvalidScope = "invalid_scope",
    /// RFC 6749 section 4.1.2.1, RFC 8628 section 3.5.
    AccessDenied = "access_denied",
    /// RFC 6749 section 4.1.2.1.
    UnsupportedResponseType = "unsupported_response_type",
    /// RFC 6749 section 4.1.2.1.
    ServerError = "server_error",
    /// RFC 6749 section 4.1.2.1.
    TemporarilyUnavailable = "temporarily_unavailable",
    /// RFC 8628 section 3.5.
    AuthorizationPending = "authorization_pending",
    /// RFC 8628 section 3.5.
    SlowDown = "slow_down",
    /// RFC 8628 section 3.5.
    ExpiredToken = "expired_token",
    /// RFC 7009 section 2.2.1.
    UnsupportedTokenType = "unsupported_token_type",
    /// RFC 8693 section 2.2.2, RFC 8707 section 2.
    InvalidTarget = "invalid_target",
    /// RFC 9396 section 5.
    InvalidAuthorizationDetails = "invalid_authorization_details",
    /// RFC 9449 section 5.
    InvalidDpopProof = "invalid_dpop_proof",
    /// RFC 9449 section 8.
    UseDpopNonce = "use_dpop_nonce",
    /// RFC 9101 section 7.
    InvalidRequestUri = "invalid_request_uri",
    /// RFC 9101 section 7.
    InvalidRequestObject = "invalid_request_object",
    /// OpenID Connect Core section 3.1.2.6.
    InteractionRequired = "interaction_required",
    /// OpenID Connect Core section 3.1.2.6.
    LoginRequired = "login_required",
    /// OpenID Connect Core section 3.1.2.6.
    AccountSelectionRequired = "account_selection_required",
    /// OpenID Connect Core section 3.1.2.6.
    ConsentRequired = "consent_required",
}

impl ErrorCode {
    /// What it means at an authorization endpoint, in the words of its RFC.
    pub(super) fn authorization_description(self) -> Option<&'static str> {
        Some(match self {
            // RFC 6749 section 4.1.2.1
            Self::InvalidRequest => {
                "The request is missing a required parameter, includes an invalid parameter value, includes a parameter \
                 more than once, or is otherwise malformed."
            }
            Self::UnauthorizedClient => {
                "The client is not authorized to request an authorization code or an access token using this method."
            }
            Self::AccessDenied => "The resource owner or authorization server denied the request.",
            Self::UnsupportedResponseType => {
                "The authorization server does not support obtaining an authorization code or an access token using this \
                 method."
            }
            Self::InvalidScope => "The requested scope is invalid, unknown, or malformed.",
            Self::ServerError => {
                "The authorization server encountered an unexpected condition that prevented it from fulfilling the request."
            }
            Self::TemporarilyUnavailable => {
                "The authorization server is currently unable to handle the request due to a temporary overloading or \
                 maintenance of the server."
            }
            _ => return None,
        })
    }

    /// What it means at a token endpoint, in the words of its RFC.
    pub fn description(self) -> Option<&'static str> {
        Some(match self {
            // RFC 6749 section 5.2
            Self::InvalidRequest => {
                "The request is missing a required parameter, includes an unsupported parameter value (other than grant \
                 type), repeats a parameter, includes multiple credentials, utilizes more than one mechanism for \
                 authenticating the client, or is otherwise malformed."
            }
            Self::InvalidClient => {
                "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported \
                 authentication method).  The authorization server MAY return an HTTP 401 (Unauthorized) status code to \
                 indicate which HTTP authentication schemes are supported.  If the client attempted to authenticate via the \
                 \"Authorization\" request header field, the authorization server MUST respond with an HTTP 401 \
                 (Unauthorized) status code and include the \"WWW-Authenticate\" response header field matching the \
                 authentication scheme used by the client."
            }
            Self::InvalidGrant => {
                "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is \
                 invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was \
                 issued to another client."
            }
            Self::UnauthorizedClient => {
                "The authenticated client is not authorized to use this authorization grant type."
            }
            Self::UnsupportedGrantType => {
                "The authorization grant type is not supported by the authorization server."
            }
            Self::InvalidScope => {
                "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner."
            }
            // RFC 8628 section 3.5
            Self::AuthorizationPending => {
                "The authorization request is still pending as the end user hasn't yet completed the user-interaction steps."
            }
            Self::SlowDown => {
                "The authorization request is still pending and polling should continue, but less often."
            }
            Self::AccessDenied => "The authorization request was denied.",
            Self::ExpiredToken => "The \"device_code\" has expired.",
            // RFC 8693 section 2.2.2 and RFC 8707 section 2
            Self::InvalidTarget => {
                "The authorization server is unwilling or unable to issue a token for the indicated target service."
            }
            // RFC 7009 section 2.2.1
            Self::UnsupportedTokenType => {
                "The authorization server does not support the revocation of the presented token type."
            }
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
