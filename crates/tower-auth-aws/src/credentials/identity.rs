//! Remembered credentials, as what [`SigV4`](crate::SigV4) signs with.

use super::CachedCredentials;
use crate::{Credentials, Identity};
use tower_auth_core::{Clock, Deferred, RequestHead, ResponseHead, Step, Verdict};
use tower_auth_token::{Acquire, Current};

/// Fetched before the request is signed, when they are not at hand. After a 401 they are fetched anew; a 403 says too many
/// other things.
impl Identity for CachedCredentials {
    type Mode = Deferred;
    type Loan = Current<Credentials>;
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

    fn observe(
        &self,
        loan: &Current<Credentials>,
        response: ResponseHead<'_>,
        _: &Clock,
    ) -> Verdict {
        if response.is_unauthorized() {
            self.refused(loan)
        } else {
            Verdict::Accepted
        }
    }
}
