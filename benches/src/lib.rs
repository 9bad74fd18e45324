//! What authentication costs per request: our layers and their peers, measured side by side in one process.
//!
//! * `cargo run --release -p benches --bin report` prints the table of the README; `report -- sums` one group of it.
//! * `cargo bench -p benches` is criterion over the same cases, for comparing with an earlier commit.
//!
//! # Adding a group
//!
//! One file in `groups/`, one line in [`groups::all`]. A [`Case`] names two [`Subject`]s that do the same work; for
//! HTTP layers [`Calls`] is the subject, anything else implements [`Subject`] by itself.

mod alloc;
mod calls;
mod case;
mod floor;
pub mod groups;
mod measure;
mod table;

pub use self::{
    alloc::allocations,
    calls::{Body, Calls, Wire, get},
    case::{BoxError, Case, Group, Size, Subject, future_size},
    floor::{Insert, InsertLayer},
    measure::{BATCH, Effort, Measured, allocations_per_call, measure, time},
    table::{cases_table, sizes_table},
};
