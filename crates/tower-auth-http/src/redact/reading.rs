//! A text as it reads when its escapes are read, and where in the text each byte of that came from.

use super::escape;
use std::ops::Range;
use zeroize::Zeroizing;

/// So many times over a text is read. What still has escapes then was not written for people.
const TIMES: usize = 8;

#[derive(Clone)]
pub(super) struct Reading {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    from: Vec<Range<u32>>,
}

impl Reading {
    /// The text as it is.
    pub(super) fn of(text: &[u8]) -> Self {
        Self {
            bytes: Zeroizing::new(text.to_vec()),
            from: (0..text.len() as u32).map(|at| at..at + 1).collect(),
        }
    }

    /// Where in the text these bytes came from. Not of none.
    pub(super) fn origin(&self, bytes: Range<usize>) -> Range<usize> {
        self.from[bytes.start].start as usize..self.from[bytes.end - 1].end as usize
    }

    /// The same with its escapes read; `None` when there are none.
    fn again(&self) -> Option<Self> {
        let length = self.bytes.len();
        let mut next = Self {
            bytes: Zeroizing::new(Vec::with_capacity(length)), // an escape is longer than what it says
            from: Vec::with_capacity(length),
        };
        let mut at = 0;
        let mut changed = false;
        while at < length {
            let mut buffer = [0; 4];
            let (says, used) = match escape::first(&self.bytes[at..]) {
                Some((unit, used)) => (unit.bytes(&mut buffer), used),
                None => (&self.bytes[at..=at], 1),
            };
            changed |= used > 1;
            let from = self.from[at].start..self.from[at + used - 1].end;
            next.bytes.extend_from_slice(says);
            next.from.extend(says.iter().map(|_| from.clone()));
            at += used;
        }
        changed.then_some(next)
    }

    /// The text as it is, with its escapes read, with those read that this shows, and so on; and whether that came to an
    /// end.
    pub(super) fn all(text: &[u8]) -> (Vec<Self>, bool) {
        let mut readings = vec![Self::of(text)];
        for _ in 0..TIMES {
            match readings.last().and_then(Self::again) {
                Some(next) => readings.push(next),
                None => return (readings, true),
            }
        }
        (readings, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_read_within_another_and_known_by_where_it_stood() {
        let (readings, whole) = Reading::all(b"a%2526amp;\\u0062");
        let texts: Vec<_> = readings
            .iter()
            .map(|reading| reading.bytes.as_slice())
            .collect();
        assert_eq!(
            texts,
            [&b"a%2526amp;\\u0062"[..], b"a%26amp;b", b"a&amp;b", b"a&b"]
        );
        assert!(whole);
        let last = readings.last().unwrap();
        assert_eq!(last.origin(1..2), 1..10);
        assert_eq!(last.origin(2..3), 10..16);
    }

    #[test]
    fn what_is_escaped_without_end_is_said_to_be() {
        let text = format!("%{}41", "25".repeat(20));
        assert!(!Reading::all(text.as_bytes()).1);
    }
}
