//! One case of a vector file, and what comes of it.

use std::{fmt, future::Future, pin::Pin};

/// A case that has not been judged yet.
pub(crate) struct Case {
    /// `<format>/<name>`; what `exceptions.toml` names.
    pub(crate) id: String,
    /// Runs our code and compares. A future, so that schemes that wait can be judged too.
    pub(crate) judge: Pin<Box<dyn Future<Output = Verdict>>>,
}

impl Case {
    pub(crate) fn new(
        id: impl Into<String>,
        judge: impl Future<Output = Verdict> + 'static,
    ) -> Self {
        Self {
            id: id.into(),
            judge: Box::pin(judge),
        }
    }

    /// A case that cannot be judged: of a kind that nobody knows, or not as the format has it. It fails.
    pub(crate) fn unknown(id: impl Into<String>, why: impl Into<String>) -> Self {
        let why = why.into();
        Self::new(id, async move { Verdict::Differs(why) })
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// How our code stands to the recorded answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The same, by the rules of the format.
    Agrees,
    /// Another answer than the recorded one, or none that can be compared.
    Differs(String),
    /// Our code refuses the input at construction, and the record does not.
    Refused(String),
}

impl From<Result<(), String>> for Verdict {
    fn from(compared: Result<(), String>) -> Self {
        match compared {
            Ok(()) => Self::Agrees,
            Err(why) => Self::Differs(why),
        }
    }
}
