//! Timing two subjects against each other.

use crate::{Case, Subject, allocations};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Calls per timed region: few enough that what was prepared is still in the cache, enough to drown the clock's cost.
pub const BATCH: usize = 64;

/// Depths of the stack: with frames of 80 bytes, every alignment to a cache line, and more than a page.
const DEPTHS: usize = 64;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds; the result is their median.
    pub rounds: usize,
    /// Batches of each side in a round; the fastest counts.
    pub batches: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            rounds: 256,
            batches: 20,
        }
    }
}

/// What a case costs per call.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Our nanoseconds.
    pub ours: f64,
    /// The peer's nanoseconds.
    pub peer: f64,
    /// Ours by the peer's: the median of the rounds' ratios, which drift cannot touch.
    pub ratio: f64,
    /// Our allocations.
    pub our_allocations: f64,
    /// The peer's allocations.
    pub peer_allocations: f64,
}

/// Measures both sides of a case, taking turns batch by batch, and in the order of turns.
///
/// A round's result is the fastest of its batches, which no interruption made slower; the result is the median over
/// the rounds, which no lucky round can make. Whatever slows the machine down for longer than a batch hits both sides.
pub fn measure(case: &mut Case, effort: Effort) -> Measured {
    let our_allocations = allocations_per_call(&mut *case.ours);
    let peer_allocations = allocations_per_call(&mut *case.peer);
    let calls = case.batch;
    let turns = if calls < BATCH {
        effort.rounds.div_ceil(8)
    } else {
        effort.rounds
    };
    let mut rounds = Vec::with_capacity(turns);
    for round in 0..turns {
        let depth = round % DEPTHS;
        let mut ours = f64::INFINITY;
        let mut peer = f64::INFINITY;
        for batch in 0..effort.batches {
            if (round + batch) % 2 == 0 {
                ours = ours.min(batch_nanos(&mut *case.ours, calls, depth));
                peer = peer.min(batch_nanos(&mut *case.peer, calls, depth));
            } else {
                peer = peer.min(batch_nanos(&mut *case.peer, calls, depth));
                ours = ours.min(batch_nanos(&mut *case.ours, calls, depth));
            }
        }
        rounds.push((ours, peer));
    }
    Measured {
        ours: median(rounds.iter().map(|round| round.0)),
        peer: median(rounds.iter().map(|round| round.1)),
        ratio: median(rounds.iter().map(|round| round.0 / round.1)),
        our_allocations,
        peer_allocations,
    }
}

/// Allocations per call, once warm.
pub fn allocations_per_call(subject: &mut dyn Subject) -> f64 {
    subject.prepare(BATCH);
    subject.run();
    subject.prepare(BATCH);
    let before = allocations();
    subject.run();
    (allocations() - before) as f64 / BATCH as f64
}

/// How long this many calls take, without their preparation.
pub fn time(subject: &mut dyn Subject, calls: u64) -> Duration {
    let mut left = calls;
    let mut total = Duration::ZERO;
    while left > 0 {
        let batch = left.min(BATCH as u64);
        subject.prepare(batch as usize);
        total += elapsed(subject);
        left -= batch;
    }
    total
}

fn batch_nanos(subject: &mut dyn Subject, calls: usize, depth: usize) -> f64 {
    subject.prepare(calls);
    deeper(depth, &mut || elapsed(subject)).as_nanos() as f64 / calls as f64
}

/// Runs something further down the stack.
///
/// A request is copied on its way, and where the stack happens to begin decides how fast that is: more than any layer
/// here costs. Every round has another depth, so no process is lucky.
#[inline(never)]
fn deeper(depth: usize, run: &mut dyn FnMut() -> Duration) -> Duration {
    let frame = black_box([0_u8; 32]);
    let elapsed = match depth {
        0 => run(),
        _ => deeper(depth - 1, run),
    };
    black_box(&frame);
    elapsed
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures the time that really passes"
)]
fn elapsed(subject: &mut dyn Subject) -> Duration {
    let start = Instant::now();
    subject.run();
    start.elapsed()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Boxes(u64);

    impl Subject for Boxes {
        fn prepare(&mut self, calls: usize) {
            self.0 = calls as u64;
        }
        fn run(&mut self) {
            for call in 0..self.0 {
                std::hint::black_box(Box::new(call));
            }
        }
        fn outcome(&self) -> String {
            self.0.to_string()
        }
    }

    #[test]
    fn a_call_that_allocates_once_counts_as_one() {
        assert_eq!(allocations_per_call(&mut Boxes(0)), 1.0);
    }

    #[test]
    fn the_median_ignores_the_odd_one_out() {
        assert_eq!(median([3.0, 1e9, 1.0].into_iter()), 3.0);
    }
}
