//! Who signs: credentials that are fixed, or that have to be fetched.

use crate::{Credentials, SessionToken};
use std::future::Future;
use tower_auth_core::{AuthError, Clock, Fixed, Mode, Never, Observe, RequestHead, Step};

/// Where [`SigV4`](crate::SigV4) has its credentials from.
///
/// [`Credentials`] are one by themselves. Others fetch them, renew them, or choose them by the request. It is sealed:
/// what fetches credentials in a way of its own is a provider (feature `credentials`), or a scheme that calls a
/// [`Signer`](crate::Signer).
pub trait Identity: Clone + sealed::Sealed {
    /// [`Fixed`] when the credentials are at hand and never change.
    type Mode: Mode;

    /// What is lent for one request.
    type Loan;

    /// What is kept of it while the request is in flight. It sees the response.
    type Sent: Observe;

    /// Future of the loan.
    type Acquire: Future<Output = Result<Self::Loan, AuthError>>;

    /// Lends credentials for a request.
    fn acquire(&self, request: RequestHead<'_>, clock: &Clock) -> Step<Self::Loan, Self::Acquire>;

    /// The credentials that were lent.
    fn credentials<'a>(&'a self, loan: &'a Self::Loan) -> &'a Credentials;

    /// How the session token of this loan travels, when that is not for the signer to say.
    fn session_token(&self, loan: &Self::Loan) -> Option<SessionToken> {
        let _ = loan;
        None
    }

    /// How many seconds the server of this request is ahead of the clock; negative when it is behind.
    fn ahead(&self, loan: &Self::Loan) -> i64 {
        let _ = loan;
        0
    }

    /// What is kept of the loan that a request was signed with.
    fn sent(&self, loan: Self::Loan, clock: &Clock) -> Self::Sent;
}

pub(crate) mod sealed {
    /// Implemented in this crate only, so that an identity may learn more of requests.
    #[expect(
        unnameable_types,
        reason = "which is what keeps others from implementing what it seals"
    )]
    pub trait Sealed {}
}

impl sealed::Sealed for Credentials {}

impl Identity for Credentials {
    type Mode = Fixed;
    type Loan = ();
    type Sent = ();
    type Acquire = Never<Result<(), AuthError>>;

    fn acquire(&self, _: RequestHead<'_>, _: &Clock) -> Step<(), Self::Acquire> {
        Step::Ready(())
    }

    fn credentials<'a>(&'a self, (): &'a ()) -> &'a Credentials {
        self
    }

    fn sent(&self, (): (), _: &Clock) {}
}
