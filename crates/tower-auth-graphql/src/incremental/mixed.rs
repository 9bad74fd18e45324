//! Takes a `multipart/mixed` body apart (RFC 2046 section 5.1), as it comes.

use crate::{Error, ErrorKind, Limit};
use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memmem::{self, Finder};

/// What has been received and not been taken apart, and where in a part it stands.
#[derive(Debug)]
pub(crate) struct Splitter {
    delimiter: Box<Finder<'static>>, // CR LF -- boundary
    buffer: BytesMut,
    /// Up to here there is nothing of what is looked for.
    searched: usize,
    state: State,
    limit: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Preamble,
    AfterDelimiter,
    Part,
    End,
}

impl Splitter {
    /// Of a body with this boundary, whose parts have at most `limit` bytes.
    pub(crate) fn new(boundary: &str, limit: usize) -> Self {
        Self {
            delimiter: Box::new(Finder::new(&format!("\r\n--{boundary}")).into_owned()),
            // The first delimiter may come without a line end before it.
            buffer: BytesMut::from(&b"\r\n"[..]),
            searched: 0,
            state: State::Preamble,
            limit,
        }
    }

    /// More of the body.
    pub(crate) fn push(&mut self, data: &[u8]) -> Result<(), Error> {
        if self.state == State::End {
            return Ok(()); // what comes after the end is ignored
        }
        self.buffer.extend_from_slice(data);
        Ok(())
    }

    /// Whether the closing delimiter was seen.
    pub(crate) fn is_end(&self) -> bool {
        self.state == State::End
    }

    /// The body of the next part, when it is complete.
    pub(crate) fn next_part(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.state {
                State::End => return Ok(None),
                State::AfterDelimiter => {
                    if self.buffer.starts_with(b"--") {
                        self.state = State::End;
                        self.buffer = BytesMut::new();
                        return Ok(None);
                    }
                    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
                    let rest = &self.buffer[self.searched..];
                    let end = rest.iter().position(|byte| !blank(byte));
                    let end = self.searched + end.unwrap_or(rest.len());
                    self.searched = end;
                    if end > self.limit {
                        return Err(too_large());
                    }
                    match &self.buffer[end..] {
                        [b'\r', b'\n', ..] => {}
                        [] | [b'\r'] => return self.wait(),
                        [b'-'] if end == 0 => return self.wait(),
                        _ => {
                            return Err(Error::protocol(
                                "a delimiter of the stream is followed by text",
                            ));
                        }
                    }
                    // The line end stays: with no header fields, it is also the beginning of the blank line.
                    self.buffer.advance(end);
                    self.searched = 0;
                    self.state = State::Part;
                }
                State::Preamble | State::Part => {
                    let length = self.delimiter.needle().len();
                    let Some(end) = self.delimiter.find(&self.buffer[self.searched..]) else {
                        let whole = self.buffer.len().saturating_sub(length - 1);
                        self.searched = whole.max(self.searched);
                        return self.wait();
                    };
                    let end = self.searched + end;
                    if end > self.limit {
                        return Err(too_large());
                    }
                    let mut part = self.buffer.split_to(end + length);
                    part.truncate(end);
                    let is_part = self.state == State::Part;
                    self.state = State::AfterDelimiter;
                    self.searched = 0;
                    if is_part {
                        return content(part.freeze()).map(Some);
                    }
                }
            }
        }
    }

    fn wait(&self) -> Result<Option<Bytes>, Error> {
        if self.buffer.len() > self.limit.saturating_add(self.delimiter.needle().len()) {
            return Err(too_large());
        }
        Ok(None)
    }
}

/// A part without its header fields. It has to be JSON.
fn content(mut part: Bytes) -> Result<Bytes, Error> {
    // An empty part may stand before the closing delimiter.
    let Some(blank) = memmem::find(&part, b"\r\n\r\n") else {
        return if part.trim_ascii().is_empty() {
            Ok(Bytes::new())
        } else {
            Err(Error::protocol("a part of the stream has no blank line"))
        };
    };
    for line in part[..blank].split(|byte| *byte == b'\n') {
        let line = line.trim_ascii().to_ascii_lowercase();
        let Some(value) = line.strip_prefix(b"content-type:") else {
            continue;
        };
        let value = value.trim_ascii();
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
        if !matches!(
            essence.trim_ascii(),
            b"application/json" | b"application/graphql-response+json"
        ) {
            return Err(Error::protocol("a part of the stream is not JSON"));
        }
    }
    Ok(part.split_off(blank + 4))
}

/// The boundary that an answer names.
pub(crate) fn boundary_of(head: &http::response::Parts) -> Result<String, Error> {
    let value = head.headers.get(http::header::CONTENT_TYPE);
    boundary(value.map(|value| value.as_bytes()).unwrap_or_default())
}

/// The `boundary` of a content type; without one it is `-`.
fn boundary(content_type: &[u8]) -> Result<String, Error> {
    let invalid = || Error::protocol("the boundary of the stream is unusable");
    let text = std::str::from_utf8(content_type).map_err(|_| invalid())?;
    for parameter in text.split(';').skip(1) {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        if !name.trim().eq_ignore_ascii_case("boundary") {
            continue;
        }
        let value = value.trim();
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value);
        // RFC 2046 section 5.1.1.
        if value.is_empty()
            || value.len() > 70
            || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        {
            return Err(invalid());
        }
        return Ok(value.to_owned());
    }
    Ok("-".to_owned())
}

fn too_large() -> Error {
    Error::new(
        ErrorKind::Limit(Limit::PartSize),
        "a part of the stream is larger than the limit; raise it with `max_part_size`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "ignored\r\n---\r\nContent-Type: application/json; charset=utf-8\r\n\
        Content-Length: 7\r\n\r\n{\"a\":1}\r\n---  \r\n\r\n{\"b\":\"\r\"}\r\n---\r\n\r\n-----\r\nepilogue";

    fn split(chunks: &[&[u8]]) -> Result<(Vec<Bytes>, bool), Error> {
        let mut splitter = Splitter::new("-", 100);
        let mut parts = Vec::new();
        for chunk in chunks {
            splitter.push(chunk)?;
            while let Some(part) = splitter.next_part()? {
                parts.push(part);
            }
        }
        Ok((parts, splitter.is_end()))
    }

    #[test]
    fn parts_are_the_same_wherever_the_body_is_cut() {
        let expected = ["{\"a\":1}", "{\"b\":\"\r\"}", ""];
        for cut in 0..BODY.len() {
            let (front, back) = BODY.as_bytes().split_at(cut);
            let (parts, end) = split(&[front, back]).unwrap();
            assert_eq!(parts, expected, "{cut}");
            assert!(end);
        }
        let bytes: Vec<&[u8]> = BODY.as_bytes().chunks(1).collect();
        assert_eq!(split(&bytes).unwrap().0, expected);
    }

    #[test]
    fn a_part_is_known_as_soon_as_its_delimiter_is_there() {
        let (parts, end) = split(&[b"--", b"-\r\n\r\n{}\r\n---"]).unwrap();
        assert_eq!((parts, end), (vec![Bytes::from_static(b"{}")], false));
    }

    #[test]
    fn spaces_over_the_limit_are_an_error_whether_they_came_in_one_piece_or_not() {
        let body = format!("---{}\r\n\r\n{{}}\r\n-----", " ".repeat(200));
        let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        for chunks in [&[body.as_bytes()][..], &bytes] {
            let error = split(chunks).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Limit(Limit::PartSize));
        }
    }

    #[test]
    fn endless_parts_and_foreign_types_are_errors() {
        let error = split(&[b"---\r\n\r\n", &[b'x'; 300]]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit(Limit::PartSize));
        assert!(split(&[&[b'x'; 300]]).is_err());
        assert!(split(&[b"---\r\nContent-Type: text/html\r\n\r\n{}\r\n---"]).is_err());
        assert!(split(&[b"---x\r\n\r\n{}\r\n---"]).is_err());
        assert!(split(&[b"---\r\nx: y\r\n---"]).is_err());
    }

    /// Byte by byte, and with a look after each: were all looked at again and again, this would take minutes.
    #[test]
    fn every_byte_is_looked_at_once_whatever_it_belongs_to() {
        let most = 400_000;
        let many = |what: u8| std::iter::repeat_n(what, most);
        let ends = |splitter: &mut Splitter, bytes: &mut dyn Iterator<Item = u8>| {
            for byte in bytes {
                splitter.push(&[byte]).unwrap();
                assert_eq!(splitter.next_part().unwrap(), None);
            }
        };
        let begun = |front: &[u8]| {
            let mut splitter = Splitter::new("-", 1 << 20);
            splitter.push(front).unwrap();
            assert_eq!(splitter.next_part().unwrap(), None);
            splitter
        };
        ends(&mut begun(b""), &mut many(b'x'));
        ends(&mut begun(b"---"), &mut many(b' '));
        ends(&mut begun(b"---\r\n\r\n"), &mut many(b'x'));
        ends(&mut begun(b"---\r\n\r\n"), &mut many(b'\r'));
        let nearly = b"\r\n--".iter().copied().cycle().take(most);
        ends(&mut begun(b"---\r\n\r\n"), &mut { nearly });
    }

    #[test]
    fn the_boundary_may_be_quoted_or_absent() {
        let of = |text: &str| boundary(text.as_bytes()).ok();
        assert_eq!(
            of("multipart/mixed; boundary=\"-\";deferSpec=20220824").as_deref(),
            Some("-")
        );
        assert_eq!(
            of("multipart/mixed;deferSpec=1; Boundary=graphql").as_deref(),
            Some("graphql")
        );
        assert_eq!(of("multipart/mixed").as_deref(), Some("-"));
        assert_eq!(of("multipart/mixed; boundary="), None);
        assert_eq!(
            of(&format!("multipart/mixed; boundary={}", "x".repeat(71))),
            None
        );
    }
}
