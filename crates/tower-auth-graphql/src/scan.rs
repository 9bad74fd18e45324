//! Just enough of a GraphQL lexer to tell queries from mutations.

/// What an operation does.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OperationKind {
    /// Reads. May be sent again, and by GET.
    Query,
    /// Writes, one root field after the other.
    Mutation,
    /// Answers with a stream.
    Subscription,
}

/// What a scan of a document finds out about the operation that will be run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Scanned {
    pub(crate) kind: OperationKind,
    /// It has exactly one root field, and no fragment could bring others.
    pub(crate) one_root_field: bool,
}

/// Finds the operation that a server would run: the one of this name, or the only one. `None` when that cannot be told.
///
/// The document is not validated: that is for the server.
pub(crate) fn scan(document: &str, operation_name: Option<&str>) -> Option<Scanned> {
    let mut lexer = Lexer(document.as_bytes());
    let mut found = None;
    while let Some(token) = lexer.next() {
        let kind = match token {
            Token::Other(b'{') => Some(OperationKind::Query),
            Token::Name(b"query") => Some(OperationKind::Query),
            Token::Name(b"mutation") => Some(OperationKind::Mutation),
            Token::Name(b"subscription") => Some(OperationKind::Subscription),
            Token::Name(b"fragment") => None,
            _ => continue,
        };
        let mut name = None;
        if token != Token::Other(b'{') {
            name = lexer.skip_to_selection_set()?;
        }
        let one_root_field = lexer.selection_set() == 1;
        let Some(kind) = kind else { continue };
        let scanned = Scanned {
            kind,
            one_root_field,
        };
        match operation_name {
            Some(wanted) if name == Some(wanted.as_bytes()) => return Some(scanned),
            Some(_) => {}
            None if found.is_some() => return None,
            None => found = Some(scanned),
        }
    }
    found
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Token<'a> {
    Name(&'a [u8]),
    Spread,
    Other(u8),
}

struct Lexer<'a>(&'a [u8]);

impl<'a> Lexer<'a> {
    /// The name of the operation, if it has one; afterwards the opening brace is read.
    fn skip_to_selection_set(&mut self) -> Option<Option<&'a [u8]>> {
        let mut name = None;
        let mut first = true;
        let mut parentheses = 0_usize;
        loop {
            match self.next()? {
                Token::Name(word) if first => name = Some(word),
                Token::Other(b'(') => parentheses += 1,
                Token::Other(b')') => parentheses = parentheses.saturating_sub(1),
                Token::Other(b'{') if parentheses == 0 => return Some(name),
                _ => {}
            }
            first = false;
        }
    }

    /// Reads to the closing brace, and counts the selections; a fragment counts as many.
    fn selection_set(&mut self) -> usize {
        let mut fields = 0_usize;
        let (mut braces, mut parentheses) = (1_usize, 0_usize);
        let mut previous = Token::Other(b'{');
        for token in self.by_ref() {
            match token {
                Token::Other(b'(') => parentheses += 1,
                Token::Other(b')') => parentheses = parentheses.saturating_sub(1),
                Token::Other(b'{') => braces += 1,
                Token::Other(b'}') => {
                    braces -= 1;
                    if braces == 0 {
                        break;
                    }
                }
                // After a colon comes the name of a field whose alias was counted.
                Token::Name(_)
                    if braces == 1
                        && parentheses == 0
                        && previous != Token::Other(b'@')
                        && previous != Token::Other(b':') =>
                {
                    fields = fields.saturating_add(1);
                }
                Token::Spread if braces == 1 => fields = fields.saturating_add(2),
                _ => {}
            }
            previous = token;
        }
        fields
    }

    fn skip(&mut self, count: usize) {
        self.0 = self.0.get(count..).unwrap_or_default();
    }

    fn skip_string(&mut self) {
        if self.0.starts_with(b"\"\"\"") {
            self.skip(3);
            while !self.0.is_empty() && !self.0.starts_with(b"\"\"\"") {
                self.skip(if self.0.starts_with(b"\\\"\"\"") {
                    4
                } else {
                    1
                });
            }
            self.skip(3);
        } else {
            self.skip(1);
            while !matches!(self.0.first(), None | Some(b'"' | b'\n' | b'\r')) {
                self.skip(if self.0[0] == b'\\' { 2 } else { 1 });
            }
            self.skip(1);
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            match *self.0.first()? {
                b'#' => {
                    let line = |byte: &u8| matches!(byte, b'\n' | b'\r');
                    let end = self.0.iter().position(line).unwrap_or(self.0.len());
                    self.skip(end);
                }
                b'"' => {
                    self.skip_string();
                    return Some(Token::Other(b'"'));
                }
                b'.' if self.0.starts_with(b"...") => {
                    self.skip(3);
                    return Some(Token::Spread);
                }
                b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                    let other = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'_';
                    let end = self.0.iter().position(other).unwrap_or(self.0.len());
                    let (name, rest) = self.0.split_at(end);
                    self.0 = rest;
                    return Some(Token::Name(name));
                }
                byte if byte.is_ascii_whitespace() || byte == b',' || !byte.is_ascii() => {
                    self.skip(1);
                }
                byte => {
                    self.skip(1);
                    return Some(Token::Other(byte));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OperationKind::{Mutation, Query, Subscription};

    fn kind(document: &str, name: Option<&str>) -> Option<OperationKind> {
        scan(document, name).map(|scanned| scanned.kind)
    }

    #[test]
    fn the_kind_of_the_operation_that_would_run_is_found() {
        let cases = [
            ("{ a }", Some(Query)),
            ("query { a }", Some(Query)),
            ("\u{feff} # mutation { a }\n query Q { a }", Some(Query)),
            (
                "mutation($in: In = {query: \"}\"}) @d(a: {b: 1}) { a }",
                Some(Mutation),
            ),
            (
                "fragment query on Q { mutation } mutation M { a }",
                Some(Mutation),
            ),
            ("subscription { mutation }", Some(Subscription)),
            ("query A { a } mutation B { b }", None),
            (
                "{ a(text: \"\"\"mutation { \\\"\"\" } \"\"\") }",
                Some(Query),
            ),
            ("{ a(text: \"\\\"} mutation {\") }", Some(Query)),
            ("", None),
            ("mutation", None),
            ("fragment F on Q { a }", None),
        ];
        for (document, expected) in cases {
            assert_eq!(kind(document, None), expected, "{document}");
        }
        let two = "query A { a } mutation B { b }";
        assert_eq!(kind(two, Some("A")), Some(Query));
        assert_eq!(kind(two, Some("B")), Some(Mutation));
        assert_eq!(kind(two, Some("C")), None);
    }

    #[test]
    fn a_single_root_field_is_told_from_several() {
        let cases = [
            ("mutation { a }", true),
            (
                "mutation { b: a(x: {y: 1}) @include(if: true) { c d e } }",
                true,
            ),
            ("mutation { a b }", false),
            ("mutation { ...F } fragment F on M { a b }", false),
            ("mutation { ... on M { a } }", false),
        ];
        for (document, expected) in cases {
            assert_eq!(
                scan(document, None).unwrap().one_root_field,
                expected,
                "{document}"
            );
        }
    }
}
