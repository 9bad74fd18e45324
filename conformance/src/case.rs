//! One case of a vector file, and what comes of it.

use crate::record::Record;
use std::{fmt, future::Future, pin::Pin};
use tower_auth_core::AuthError;

/// How our code stands to the record: the same, by the rules of the format, or not.
pub(crate) type Judged = Result<(), Why>;
type Judge = Box<dyn FnOnce(Record) -> Pin<Box<dyn Future<Output = Judged>>>>;

/// Why a case fails.
#[derive(Debug)]
pub(crate) enum Why {
    /// Another answer than the recorded one, or none that can be compared.
    Differs(String),
    /// Our code says that it cannot, or will not.
    Error(AuthError),
}

impl From<String> for Why {
    fn from(why: String) -> Self {
        Self::Differs(why)
    }
}

impl From<&str> for Why {
    fn from(why: &str) -> Self {
        Self::Differs(why.to_owned())
    }
}

impl From<AuthError> for Why {
    fn from(error: AuthError) -> Self {
        Self::Error(error)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs(why) => f.write_str(why),
            Self::Error(error) => write!(f, "our code says: {error}"),
        }
    }
}

/// A case that has not been judged yet.
pub(crate) struct Case {
    pub(crate) record: Record,
    /// Runs our code and compares. A future, so that schemes that wait can be judged too.
    pub(crate) judge: Judge,
}

impl Case {
    pub(crate) fn new<F>(record: Record, judge: impl FnOnce(Record) -> F + 'static) -> Self
    where
        F: Future<Output = Judged> + 'static,
    {
        let judge: Judge = Box::new(|record| Box::pin(judge(record)));
        Self { record, judge }
    }

    /// A case that waits for nothing.
    pub(crate) fn at_once(record: Record, judge: impl FnOnce(&Record) -> Judged + 'static) -> Self {
        Self::new(record, async move |record| judge(&record))
    }

    /// A case that cannot be judged: of a kind that nobody knows, or not as the format has it. It fails.
    pub(crate) fn unknown(record: Record, why: &'static str) -> Self {
        Self::at_once(record, move |_| Err(why.into()))
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("id", &self.record.id())
            .finish_non_exhaustive()
    }
}
