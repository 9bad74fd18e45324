//! Takes an event stream apart (HTML, section 9.2.6), as it comes.

use crate::{Error, ErrorKind, Limit};

/// One event.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Event {
    pub(super) name: Vec<u8>,
    pub(super) data: Vec<u8>,
}

/// What has been received of the current line, and of the current event.
#[derive(Debug)]
pub(super) struct Parser {
    buffer: Vec<u8>,
    /// Up to here it is done with.
    start: usize,
    /// Up to here there is no line end.
    searched: usize,
    event: Event,
    has_data: bool,
    /// The last line ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    /// Nothing was looked at yet: a byte order mark may come.
    at_start: bool,
    limit: usize,
}

impl Parser {
    /// Of a stream whose events have at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            event: Event::default(),
            has_data: false,
            after_cr: false,
            at_start: true,
            limit,
        }
    }

    pub(super) fn push(&mut self, data: &[u8]) {
        // Once for each piece that arrives, and not for each event in it.
        self.buffer.drain(..self.start);
        self.searched = self.searched.saturating_sub(self.start);
        self.start = 0;
        self.buffer.extend_from_slice(data);
    }

    /// The next event, when it is complete.
    pub(super) fn next_event(&mut self) -> Result<Option<Event>, Error> {
        if self.at_start && !self.skip_byte_order_mark() {
            return Ok(None);
        }
        let mut start = self.start;
        let event = loop {
            if self.after_cr && start < self.buffer.len() {
                self.after_cr = false;
                if self.buffer[start] == b'\n' {
                    start += 1;
                }
            }
            let from = self.searched.max(start);
            let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
            let Some(end) = self.buffer[from..]
                .iter()
                .position(ends)
                .map(|at| from + at)
            else {
                self.searched = self.buffer.len();
                break None;
            };
            self.after_cr = self.buffer[end] == b'\r';
            self.searched = end + 1;
            let line = start..end;
            // As below, so that it does not matter whether the line came in one piece.
            if line.len() + self.event.data.len() > self.limit {
                return Err(too_large());
            }
            start = end + 1;
            if line.is_empty() {
                if let Some(event) = self.dispatch() {
                    break Some(event);
                }
            } else {
                self.field(line);
            }
        };
        self.start = start;
        // A line that does not end. What waits behind a whole event is looked at next time.
        if event.is_none() && self.buffer.len() - start + self.event.data.len() > self.limit {
            return Err(too_large());
        }
        Ok(event)
    }

    /// Whether it is known that there is none, or no more.
    fn skip_byte_order_mark(&mut self) -> bool {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.buffer.len() < MARK.len() && MARK.starts_with(&self.buffer) {
            return false;
        }
        self.at_start = false;
        if self.buffer.starts_with(MARK) {
            self.start = MARK.len();
        }
        true
    }

    /// A blank line: the event is complete, if there is one.
    fn dispatch(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        let has_data = std::mem::take(&mut self.has_data);
        // Some servers complete without a `data` line.
        (has_data || event.name == b"complete").then_some(event)
    }

    fn field(&mut self, line: std::ops::Range<usize>) {
        let line = &self.buffer[line];
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"event" => self.event.name = value.to_vec(),
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
            }
            _ => {} // comments, `id`, `retry`
        }
    }
}

fn too_large() -> Error {
    Error::new(
        ErrorKind::Limit(Limit::PartSize),
        "an event is larger than the limit; raise it with `max_part_size`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}retry: 100\nid: 1\n:\n\nevent: next\ndata: {\"a\":\ndata:  \"ü\"}\nid: 7\n\nevent:next\r\ndata:1\r\n\r\n\
        : ping\r\revent: complete\rdata\r\revent: complete\n\n";

    fn events(chunks: &[&[u8]], limit: usize) -> Result<Vec<(String, String)>, Error> {
        let mut parser = Parser::new(limit);
        let mut events = Vec::new();
        for chunk in chunks {
            parser.push(chunk);
            while let Some(event) = parser.next_event()? {
                let text = |bytes| String::from_utf8(bytes).unwrap();
                events.push((text(event.name), text(event.data)));
            }
        }
        Ok(events)
    }

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        let expected: Vec<_> = [
            ("next", "{\"a\":\n \"ü\"}"),
            ("next", "1"),
            ("complete", ""),
            ("complete", ""),
        ]
        .map(|(name, data)| (name.to_owned(), data.to_owned()))
        .into();
        for cut in 0..STREAM.len() {
            let (front, back) = STREAM.as_bytes().split_at(cut);
            assert_eq!(events(&[front, back], 100).unwrap(), expected, "{cut}");
        }
        let bytes: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(events(&bytes, 100).unwrap(), expected);
    }

    #[test]
    fn a_line_over_the_limit_is_an_error_whether_it_came_in_one_piece_or_not() {
        for line in [
            ": 0123456789\n\n",
            "event: 01234\n\n",
            "data:0\rdata: 12345\r\r",
        ] {
            let bytes: Vec<&[u8]> = line.as_bytes().chunks(1).collect();
            for chunks in [&[line.as_bytes()][..], &bytes] {
                let error = events(chunks, 11).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Limit(Limit::PartSize), "{line:?}");
                assert!(events(chunks, 12).is_ok(), "{line:?}");
            }
        }
    }

    #[test]
    fn an_endless_line_or_event_is_an_error() {
        assert!(events(&[&[b'x'; 101]], 100).is_err());
        let lines = b"data: 0123456789\n".repeat(20);
        let error = events(&[&lines], 100).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit(Limit::PartSize));
        // Comments are not kept.
        assert!(
            events(&[b": keep-alive\n\n".repeat(1000).as_slice()], 100)
                .unwrap()
                .is_empty()
        );
    }
}
