//! Remembered credentials, as what [`SigV4`](crate::SigV4) signs with.

use super::CachedCredentials;
use crate::{Credentials, Identity, holder::sealed::Sealed};
use http::{HeaderName, StatusCode};
use tower_auth_core::{Clock, Deferred, Observe, RequestHead, ResponseHead, Step, Verdict};
use tower_auth_token::{Acquire, Current, ValueId};

impl Sealed for CachedCredentials {}

/// Fetched before the request is signed, when they are not at hand.
///
/// They are fetched anew after a 401, and after a 400 or 403 whose `x-amzn-errortype` says that the key or its session
/// token is not accepted: `ExpiredToken`, `InvalidClientTokenId`, `UnrecognizedClient`, `InvalidAccessKeyId`,
/// `InvalidToken`, each with or without `Exception`. With [`replay`](tower_auth_core::SchemeExt::replay), that request is
/// sent once more. A bare 403 says too many other things; S3 and the services with XML answers say which only in the
/// body, which is not looked at.
impl Identity for CachedCredentials {
    type Mode = Deferred;
    type Loan = Current<Credentials>;
    type Sent = SentKey;
    type Acquire = Acquire<Credentials>;

    fn acquire(
        &self,
        _: RequestHead<'_>,
        _: &Clock,
    ) -> Step<Current<Credentials>, Acquire<Credentials>> {
        Self::acquire(self)
    }

    fn credentials<'a>(&'a self, loan: &'a Current<Credentials>) -> &'a Credentials {
        loan
    }

    fn sent(&self, loan: Current<Credentials>, _: &Clock) -> SentKey {
        SentKey(loan.id())
    }
}

/// Which of the [`CachedCredentials`] a request was signed with.
#[derive(Clone, Copy, Debug)]
pub struct SentKey(ValueId);

impl Observe for SentKey {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        if response.is_unauthorized() || is_key_refused(response) {
            self.0.refused()
        } else {
            Verdict::Accepted
        }
    }
}

static ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

fn is_key_refused(response: ResponseHead<'_>) -> bool {
    if !matches!(
        response.status,
        StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN
    ) {
        return false;
    }
    let Some(Ok(error)) = response
        .headers
        .get(&ERROR_TYPE)
        .map(|value| value.to_str())
    else {
        return false;
    };
    // `ExpiredTokenException:http://internal.amazon.com/coral/…`, `namespace#ExpiredTokenException`
    let error = error.split(':').next().unwrap_or_default();
    let error = error.rsplit('#').next().unwrap_or_default().trim();
    matches!(
        error.strip_suffix("Exception").unwrap_or(error),
        "ExpiredToken"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "InvalidToken"
            | "UnrecognizedClient"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;

    #[test]
    fn a_refused_key_is_told_from_a_refused_action() {
        for (status, error, refused) in [
            (403, "ExpiredTokenException", true),
            (
                400,
                "UnrecognizedClientException:http://internal.amazon.com/coral/com.amazon.coral.service/",
                true,
            ),
            (400, "com.amazon.coral.service#ExpiredToken", true),
            (403, "AccessDeniedException", false),
            (403, "", false),
            (200, "ExpiredTokenException", false),
        ] {
            let response = Response::builder()
                .status(status)
                .header(&ERROR_TYPE, error)
                .body(())
                .unwrap();
            assert_eq!(is_key_refused((&response).into()), refused, "{error}");
        }
    }
}
