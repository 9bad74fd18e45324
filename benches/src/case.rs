//! What is measured: two subjects that do the same work.

use crate::BATCH;
use std::{error::Error, fmt};
use tower_service::Service;

/// Any error of building a case.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// One side of a [`Case`].
pub trait Subject {
    /// Makes the inputs of the next `calls` calls, and clears away what earlier calls left. Not timed.
    fn prepare(&mut self, calls: usize);

    /// Makes the calls that were prepared. Timed.
    fn run(&mut self);

    /// What the last call brought about, in a form that both sides of a case share: a test holds them together, so
    /// that nobody wins by doing less.
    fn outcome(&self) -> String;
}

/// Our code next to a peer's.
pub struct Case {
    /// Without line breaks or bars: it goes into a Markdown table.
    pub name: String,
    /// Ours.
    pub ours: Box<dyn Subject>,
    /// The peer's.
    pub peer: Box<dyn Subject>,
    /// Calls per timed region: [`BATCH`] unless one call takes longer than many of the usual.
    pub batch: usize,
}

impl Case {
    /// `ours` against `peer`.
    pub fn new(
        name: impl Into<String>,
        ours: impl Subject + 'static,
        peer: impl Subject + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            ours: Box::new(ours),
            peer: Box::new(peer),
            batch: BATCH,
        }
    }

    /// A call takes hundreds of microseconds: few of them say as much, and the report does not take all day.
    #[must_use]
    pub fn of_long_calls(self) -> Self {
        Self { batch: 2, ..self }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Cases of one kind: a file in `groups/`.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// What `report -- NAME` runs.
    pub name: &'static str,
    /// Builds the cases.
    pub cases: fn() -> Result<Vec<Case>, BoxError>,
    /// Builds the sizes; most groups have none.
    pub sizes: fn() -> Vec<Size>,
    /// Builds what several threads share; most groups have nothing.
    pub shared: fn() -> Result<Vec<Shared>, BoxError>,
}

impl Group {
    /// A group without sizes.
    pub const fn new(name: &'static str, cases: fn() -> Result<Vec<Case>, BoxError>) -> Self {
        Self {
            name,
            cases,
            sizes: Vec::new,
            shared: || Ok(Vec::new()),
        }
    }
}

/// Two layers whose services are shared by threads.
pub struct Shared {
    /// Without line breaks or bars: it goes into a Markdown table.
    pub name: String,
    /// Makes one thread's service of ours. Called on that thread.
    pub ours: Box<dyn Fn() -> Box<dyn Laps> + Sync>,
    /// Makes one thread's service of the peer's.
    pub peer: Box<dyn Fn() -> Box<dyn Laps> + Sync>,
}

/// Sends the same request again and again.
pub trait Laps {
    /// So many times.
    fn run(&mut self, laps: usize);
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How large a response future is, next to the inner service's.
#[derive(Clone, Debug)]
pub struct Size {
    /// What wraps what.
    pub name: String,
    /// Bytes of our future.
    pub ours: usize,
    /// Bytes of the inner service's future.
    pub inner: usize,
}

/// The size of a service's response future, in bytes.
pub fn future_size<S: Service<R>, R>() -> usize {
    size_of::<S::Future>()
}
