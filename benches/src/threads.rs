//! What threads achieve together that share something.

use crate::{Laps, Shared};
use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

/// How many threads.
const THREADS: [usize; 4] = [1, 2, 4, 8];

/// Requests of all threads together, and how often that is timed; the fastest counts, which no interruption made slower.
const REQUESTS: usize = 800_000;
const ROUNDS: usize = 15;

/// Requests a second, of all threads together.
#[derive(Clone, Copy, Debug)]
pub struct Throughput {
    /// How many threads.
    pub threads: usize,
    /// Ours.
    pub ours: f64,
    /// The peer's.
    pub peer: f64,
}

/// Measures both sides, taking turns, with more and more threads.
pub fn throughput(shared: &Shared) -> Vec<Throughput> {
    let measure = |threads| {
        let mut ours = Duration::MAX;
        let mut peer = Duration::MAX;
        for _ in 0..ROUNDS {
            ours = ours.min(elapsed(threads, &*shared.ours));
            peer = peer.min(elapsed(threads, &*shared.peer));
        }
        Throughput {
            threads,
            ours: REQUESTS as f64 / ours.as_secs_f64(),
            peer: REQUESTS as f64 / peer.as_secs_f64(),
        }
    };
    THREADS.into_iter().map(measure).collect()
}

/// From when all threads are ready until the last one is done.
#[expect(
    clippy::disallowed_methods,
    reason = "measures the time that really passes"
)]
fn elapsed(threads: usize, make: &(dyn Fn() -> Box<dyn Laps> + Sync)) -> Duration {
    let ready = Barrier::new(threads + 1);
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut laps = make();
                    laps.run(100); // warm
                    ready.wait();
                    laps.run(REQUESTS / threads);
                })
            })
            .collect();
        ready.wait();
        let start = Instant::now();
        for thread in all {
            thread.join().expect("a thread that only sends requests");
        }
        start.elapsed()
    })
}
