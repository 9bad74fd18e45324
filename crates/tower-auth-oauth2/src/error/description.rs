//! What the error codes mean, in the words of the RFCs.

/// The meaning of an error code of a token endpoint, for servers that send no `error_description`.
pub(crate) fn of(code: &str) -> Option<&'static str> {
    Some(match code {
        // RFC 6749 section 5.2
        "invalid_request" => {
            "The request is missing a required parameter, includes an unsupported parameter value (other than grant \
             type), repeats a parameter, includes multiple credentials, utilizes more than one mechanism for \
             authenticating the client, or is otherwise malformed."
        }
        "invalid_client" => {
            "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported \
             authentication method).  The authorization server MAY return an HTTP 401 (Unauthorized) status code to \
             indicate which HTTP authentication schemes are supported.  If the client attempted to authenticate via the \
             \"Authorization\" request header field, the authorization server MUST respond with an HTTP 401 \
             (Unauthorized) status code and include the \"WWW-Authenticate\" response header field matching the \
             authentication scheme used by the client."
        }
        "invalid_grant" => {
            "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is \
             invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was \
             issued to another client."
        }
        "unauthorized_client" => {
            "The authenticated client is not authorized to use this authorization grant type."
        }
        "unsupported_grant_type" => {
            "The authorization grant type is not supported by the authorization server."
        }
        "invalid_scope" => {
            "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner."
        }
        // RFC 8628 section 3.5
        "authorization_pending" => {
            "The authorization request is still pending as the end user hasn't yet completed the user-interaction steps."
        }
        "slow_down" => {
            "The authorization request is still pending and polling should continue, but less often."
        }
        "access_denied" => "The authorization request was denied.",
        "expired_token" => "The \"device_code\" has expired.",
        // RFC 8693 section 2.2.2 and RFC 8707 section 2
        "invalid_target" => {
            "The authorization server is unwilling or unable to issue a token for the indicated target service."
        }
        // RFC 7009 section 2.2.1
        "unsupported_token_type" => {
            "The authorization server does not support the revocation of the presented token type."
        }
        _ => return None,
    })
}
