//! Anything that is not a request through a layer.

use crate::Subject;
use std::{fmt, hint::black_box};

/// A [`Subject`]: a closure over inputs. Inputs are made, and results dropped, outside of the timed region.
pub struct Work<I, O> {
    input: Box<dyn FnMut() -> I>,
    call: fn(I) -> O,
    show: fn(&O) -> String,
    inputs: Vec<I>,
    results: Vec<O>,
}

impl<I, O> Work<I, O> {
    /// `call` on what `input` makes; `show` is the outcome.
    pub fn new(
        input: impl FnMut() -> I + 'static,
        call: fn(I) -> O,
        show: fn(&O) -> String,
    ) -> Self {
        Self {
            input: Box::new(input),
            call,
            show,
            inputs: Vec::new(),
            results: Vec::new(),
        }
    }
}

impl<I, O> Subject for Work<I, O> {
    fn prepare(&mut self, calls: usize) {
        self.results.clear();
        self.results.reserve(calls);
        self.inputs.clear();
        self.inputs.reserve(calls);
        self.inputs.extend((0..calls).map(|_| (self.input)()));
    }

    fn run(&mut self) {
        for input in self.inputs.drain(..) {
            self.results.push((self.call)(black_box(input)));
        }
    }

    fn outcome(&self) -> String {
        self.results.last().map_or_else(String::new, self.show)
    }
}

impl<I, O> fmt::Debug for Work<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}
