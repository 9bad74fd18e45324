//! Where the parameters of a request stand in a buffer.

use std::cmp::Ordering;

/// So many are kept without an allocation.
const INLINE: usize = 16;

/// `[start..name_end]` is the name, `[middle..end]` the value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) name_end: usize,
    pub(super) middle: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) fn name(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start..self.name_end]
    }

    pub(super) fn whole(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start..self.end]
    }

    /// By name, then by value.
    pub(super) fn compare(self, other: Self, buffer: &[u8]) -> Ordering {
        let value = |span: Self| &buffer[span.middle..span.end];
        let by_name = self.name(buffer).cmp(other.name(buffer));
        by_name.then_with(|| value(self).cmp(value(other)))
    }
}

/// Spans in the order in which they were read.
#[derive(Debug, Default)]
pub(super) struct Spans {
    inline: [Span; INLINE],
    length: usize,
    heap: Vec<Span>, // all of them, as soon as there are too many
}

impl Spans {
    pub(super) fn push(&mut self, span: Span) {
        if self.length < INLINE {
            self.inline[self.length] = span;
        } else {
            if self.heap.is_empty() {
                self.heap.extend_from_slice(&self.inline);
            }
            self.heap.push(span);
        }
        self.length += 1;
    }

    pub(super) fn as_slice(&self) -> &[Span] {
        if self.length <= INLINE {
            &self.inline[..self.length]
        } else {
            &self.heap
        }
    }

    fn as_mut_slice(&mut self) -> &mut [Span] {
        if self.length <= INLINE {
            &mut self.inline[..self.length]
        } else {
            &mut self.heap
        }
    }

    pub(super) fn last(&self) -> Option<Span> {
        self.as_slice().last().copied()
    }

    /// The buffer lost so many bytes at its beginning.
    pub(super) fn move_by(&mut self, bytes: usize) {
        for span in self.as_mut_slice() {
            span.start -= bytes;
            span.name_end -= bytes;
            span.middle -= bytes;
            span.end -= bytes;
        }
    }

    pub(super) fn sort(&mut self, buffer: &[u8]) {
        self.as_mut_slice()
            .sort_unstable_by(|a, b| a.compare(*b, buffer));
    }
}
