//! What authentication costs per request: our layers and their peers, measured side by side in one process.
//!
//! * `cargo run --release -p benches --bin report` prints the table of the README; `report -- sums` one group of it.
//! * `cargo bench -p benches` is criterion over the same cases, for comparing with an earlier commit.
//!
//! # What the numbers say
//!
//! One call is `poll_ready`, `call` and the poll of the future, down to a [`Wire`] that keeps the request. The wire
//! costs some 35 ns of every row (`report -- scope`, "nothing done"). `HeaderMap::insert` is most of the rest, and has
//! the same code in ours and the peers': a program that calls it only once may get it inlined, and some 15 ns faster.
//!
//! # Adding a group
//!
//! One file in `groups/`, one line in [`groups::all`]. A [`Case`] names two [`Subject`]s that do the same work; for
//! HTTP layers [`Calls`] is the subject, for a plain function [`Work`].

mod alloc;
mod calls;
mod case;
mod floor;
pub mod groups;
mod laps;
mod loopback;
mod measure;
mod table;
mod threads;
mod work;

pub use self::{
    alloc::allocations,
    calls::{Answer, Body, Calls, Wire, get},
    case::{BoxError, Case, Group, Laps, Shared, Size, Subject, future_size},
    floor::{Insert, InsertLayer},
    laps::Track,
    loopback::{Hyper, Loopback},
    measure::{BATCH, Effort, Measured, allocations_per_call, measure, time},
    table::{cases_table, sizes_table, threads_table},
    threads::{Throughput, throughput},
    work::Work,
};
