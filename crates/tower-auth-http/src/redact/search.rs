//! Where a text shows secrets, however they are written.

use super::{automaton::Automaton, lattice, packed, reading::Reading, short::Short};
use std::{cell::Cell, ops::Range};
use zeroize::Zeroizing;

/// Base64 within base64 is read, and no deeper.
const DEEPEST: u8 = 2;
/// So many times as long as the text is all that is looked through. What is written for people takes ten times; what is
/// packed, and escaped in many ways, within the same again, takes hundreds.
const MOST_WORK: usize = 64;

/// What is looked for.
pub(super) struct Secrets<'a> {
    long: &'a Automaton,
    short: &'a Short,
    left: Cell<usize>, // so many bytes may still be looked through
}

impl<'a> Secrets<'a> {
    pub(super) fn new(long: &'a Automaton, short: &'a Short) -> Self {
        let left = Cell::new(0);
        Self { long, short, left }
    }

    /// For each byte of the text, whether it is part of a secret.
    pub(super) fn mark(&self, text: &str, cut: bool) -> Vec<bool> {
        self.left.set((text.len() + 256) * MOST_WORK);
        let mut marks = vec![false; text.len()];
        if !self.search(text.as_bytes(), cut, 0, &mut |range| {
            marks[range].fill(true)
        }) {
            marks.fill(true);
        }
        marks
    }

    /// Whether there is an end to what the text may say.
    fn search(
        &self,
        text: &[u8],
        cut: bool,
        depth: u8,
        found: &mut dyn FnMut(Range<usize>),
    ) -> bool {
        let (readings, whole) = Reading::all(text);
        whole
            && readings
                .iter()
                .all(|reading| self.search_one(reading, cut, depth, found))
    }

    fn search_one(
        &self,
        reading: &Reading,
        cut: bool,
        depth: u8,
        found: &mut dyn FnMut(Range<usize>),
    ) -> bool {
        let text = &reading.bytes;
        let Some(left) = self.left.get().checked_sub(text.len()) else {
            return false;
        };
        self.left.set(left);
        let mut marked = |range| found(reading.origin(range));
        if lattice::search(text, self.long, cut, &mut marked).is_err() {
            return false;
        }
        if depth == 0 || is_text(text) {
            self.short.search(text, &mut marked);
        }
        if depth == DEEPEST {
            return true;
        }
        let mut unpacked = |range: Range<usize>, bytes: &Zeroizing<Vec<u8>>| {
            let is_cut = cut && range.end == text.len();
            if self.is_in(bytes, is_cut, depth + 1) {
                marked(range);
            }
        };
        for packing in &packed::ALL {
            packing.read(text, &mut unpacked);
        }
        packed::listed(text, &mut unpacked);
        true
    }

    /// Whether there is anything in bytes that were packed. Most words can be unpacked, to bytes that say nothing: only in
    /// what is a text may there be something packed again.
    fn is_in(&self, bytes: &Zeroizing<Vec<u8>>, cut: bool, depth: u8) -> bool {
        let mut any = false;
        let depth = if is_text(bytes) { depth } else { DEEPEST };
        let whole = self.search(bytes, cut, depth, &mut |_| any = true);
        any || !whole
    }
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        text.chars()
            .all(|c| !c.is_control() || c.is_ascii_whitespace())
    })
}
