//! The syntax of `~/.aws/config` and `~/.aws/credentials`, as the AWS CLI reads it (with Python's `configparser`).

use super::section::{Header, header};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The properties of a section. Names are in lower case; nested lines are part of the value, each behind a line end.
pub(super) type Properties = BTreeMap<String, Zeroizing<String>>;

/// One section, as it stands in the file.
pub(super) struct Section<'a> {
    pub(super) header: Header<'a>,
    pub(super) properties: Properties,
    /// The first line in it that cannot be read: told when the section is used, and of no matter to others.
    pub(super) fault: Option<SyntaxError>,
}

/// Where a file is not what it should be. The line itself is not quoted: it may hold a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) why: &'static str,
}

/// Splits a file into its sections, in the order of the file. What stands before the first header, or behind one that
/// cannot be read, is a section of its own, which nobody can name.
pub(super) fn parse(text: &str) -> Vec<Section<'_>> {
    let mut parser = Parser::default();
    for (index, line) in lines(text).enumerate() {
        if let Err(why) = parser.line(line) {
            parser.fault(SyntaxError {
                line: index + 1,
                why,
            });
        }
    }
    parser.sections
}

/// Lines that end as they do on any system: `\n`, `\r\n`, `\r`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (line, after) = match text.find(['\n', '\r']) {
            None => (text, None),
            Some(at) => {
                let end = &text[at..];
                let end = end.strip_prefix("\r\n").unwrap_or_else(|| &end[1..]);
                (&text[..at], Some(end))
            }
        };
        rest = after;
        Some(line)
    })
}

#[derive(Default)]
struct Parser<'a> {
    sections: Vec<Section<'a>>,
    /// How far the last header or property was indented: what is further to the right goes on with the property.
    indent: usize,
    property: Option<String>,
}

impl<'a> Parser<'a> {
    fn line(&mut self, line: &'a str) -> Result<(), &'static str> {
        let text = line.trim();
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        if text.is_empty() {
            self.go_on(""); // the value may go on behind it
            return Ok(());
        }
        let indent = line.len() - line.trim_start().len();
        if indent > self.indent && self.property.is_some() {
            return self.continuation(text);
        }
        self.indent = indent;
        self.property = None;
        if text.starts_with('[') {
            return self.header(text);
        }
        self.property(text)
    }

    fn header(&mut self, text: &'a str) -> Result<(), &'static str> {
        let (header, result) = match header(text) {
            Ok(header) => (header, Ok(())),
            Err(why) => (Header::NONE, Err(why)),
        };
        self.begin(header);
        result
    }

    fn begin(&mut self, header: Header<'a>) {
        self.sections.push(Section {
            header,
            properties: Properties::new(),
            fault: None,
        });
    }

    fn property(&mut self, text: &str) -> Result<(), &'static str> {
        if self.sections.is_empty() {
            return Err("a property stands before the first section");
        }
        let (name, value) = without_comment(text)
            .split_once(['=', ':'])
            .ok_or("neither a section, nor a property with `=` or `:`")?;
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() {
            return Err("a property has no name");
        }
        let value = Zeroizing::new(value.trim().to_owned());
        if let Some(section) = self.sections.last_mut() {
            section.properties.insert(name.clone(), value);
        }
        self.property = Some(name);
        Ok(())
    }

    fn continuation(&mut self, text: &str) -> Result<(), &'static str> {
        let nested = self
            .value()
            .is_some_and(|value| value.trim().is_empty() || value.starts_with('\n'));
        self.go_on(text);
        match text.find('=') {
            None if nested => Err("a nested property has no `=`"),
            Some(0) if nested => Err("a nested property has no name"),
            _ => Ok(()),
        }
    }

    fn value(&mut self) -> Option<&mut Zeroizing<String>> {
        let name = self.property.as_ref()?;
        self.sections.last_mut()?.properties.get_mut(name)
    }

    /// One more line of the value.
    fn go_on(&mut self, line: &str) {
        let Some(value) = self.value() else {
            return;
        };
        let needed = value.len() + 1 + line.len();
        if value.capacity() < needed {
            // A new buffer, so that growing leaves no copy behind that is not wiped.
            let mut longer = Zeroizing::new(String::with_capacity(2 * needed));
            longer.push_str(value);
            *value = longer;
        }
        value.push('\n');
        value.push_str(line);
    }

    fn fault(&mut self, fault: SyntaxError) {
        if self.sections.is_empty() {
            self.begin(Header::NONE);
        }
        if let Some(section) = self.sections.last_mut() {
            section.fault.get_or_insert(fault);
        }
    }
}

/// The properties nested in a value: `s3 =` and then indented lines.
pub(super) fn nested<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    if !value.starts_with('\n') {
        return None;
    }
    value.lines().rev().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A comment behind a value needs a blank before it: `#` may be part of a password.
fn without_comment(line: &str) -> &str {
    let comment = line
        .match_indices([' ', '\t'])
        .find(|(at, _)| line[at + 1..].starts_with(['#', ';']));
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Vec<(String, String)> {
        let mut sections = parse(text);
        assert_eq!((sections.len(), sections[0].fault), (1, None), "{text:?}");
        let properties = sections.remove(0).properties.into_iter();
        properties
            .map(|(name, value)| (name, value.trim_end().to_owned()))
            .collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn values_keep_what_is_no_comment() {
        assert_eq!(one("[a]\nName = v"), [pair("name", "v")]);
        assert_eq!(one("[a]\nname=v#1;2"), [pair("name", "v#1;2")]);
        assert_eq!(one("[a]\nname = v=w== # comment"), [pair("name", "v=w==")]);
        assert_eq!(one("[a]\nname = v\t; comment # more"), [pair("name", "v")]);
        assert_eq!(one("[a]\nname = # comment"), [pair("name", "")]);
        assert_eq!(one("[a]\nname = old\nname = new"), [pair("name", "new")]);
        assert_eq!(one("[a]\nname = é 🔑"), [pair("name", "é 🔑")]);
        assert_eq!(one("[a]\nname: v=w:x"), [pair("name", "v=w:x")]);
    }

    #[test]
    fn headers_properties_and_comments_may_be_indented() {
        let both = [pair("a", "1"), pair("b", "2")];
        for text in [
            "[p]\n  a = 1\n  b = 2",
            "  [p]\n  a = 1\n  # comment\n  b = 2",
            "\t[p]\n\ta = 1\n; comment\n\tb : 2\n\t  # the end",
            "[p]\r\n  a = 1\r  b = 2\r\n",
            "[p]\n    a = 1\n  b = 2",
            "[p]\na = 1\n  # comment\n\nb = 2",
        ] {
            assert_eq!(one(text), both, "{text:?}");
        }
    }

    #[test]
    fn a_line_further_to_the_right_goes_on_with_the_value() {
        assert_eq!(
            one("[a]\nname = v\n  -- more # kept"),
            [pair("name", "v\n-- more # kept")]
        );
        assert_eq!(
            one("[a]\n  name = v\n\n    [more]\n  b ="),
            [pair("b", ""), pair("name", "v\n\n[more]")]
        );
        let s3 = "[a]\ns3 =\n  max_queue = 10\n\n\t# comment\n\tAddressing = path\nregion = r";
        let properties = one(s3);
        assert_eq!(properties[0], pair("region", "r"));
        assert_eq!(nested(&properties[1].1, "addressing"), Some("path"));
        assert_eq!(nested(&properties[1].1, "max"), None);
        assert_eq!(nested("addressing = path", "addressing"), None);
    }

    #[test]
    fn a_fault_is_told_by_line_and_stays_in_its_section() {
        for (text, line, others) in [
            ("\nname = v\n[b]\nx = y", 2, 1),
            ("[b]\nx = y\n[profile a\nx = z", 3, 1),
            ("[a] b\nx = z\n[b]\nx = y", 1, 1),
            ("[]\nx = z\n[b]\nx = y\n", 1, 1),
            ("[b]\nx = y\n[a]\nname\n[b]\n", 4, 2),
            ("[b]\nx = y\n[a]\n= v\n: v", 4, 1),
            ("[b]\nx = y\n[a]\ns3 =\n  nothing", 5, 1),
            (
                "[b]\nx = y\n[a]\ns3 =\n  x = y\n  = nothing\n  nothing",
                6,
                1,
            ),
            ("[a]\nkey # = value\n[b]\nx = y", 2, 1),
        ] {
            let sections = parse(text);
            let (sound, faulty): (Vec<_>, Vec<_>) =
                sections.iter().partition(|section| section.fault.is_none());
            assert_eq!(faulty.len(), 1, "{text:?}");
            assert_eq!(faulty[0].fault.unwrap().line, line, "{text:?}");
            assert_eq!(sound.len(), others, "{text:?}");
            assert_eq!(sound[0].properties["x"].trim_end(), "y");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_the_parser_panic(text in "(\\PC|[\\[\\]=:#;\"' \t\r\n]|\\[profile a\\]\n|\n  b=|\nkey = v){0,60}") {
            let most = lines(&text).count();
            for section in parse(&text) {
                proptest::prop_assert!(section.fault.is_none_or(|fault| fault.line <= most));
                for value in section.properties.values() {
                    let _ = nested(value, "b");
                }
            }
        }
    }
}
