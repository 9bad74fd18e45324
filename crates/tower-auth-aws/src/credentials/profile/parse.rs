//! The syntax of `~/.aws/config` and `~/.aws/credentials`.

use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The properties of a section. Names are in lower case; nested lines are part of the value, each behind a line end.
pub(super) type Properties = BTreeMap<String, Zeroizing<String>>;

/// One section, as it stands in the file.
pub(super) struct Section<'a> {
    /// `[profile name]`: the first word, when there are two.
    pub(super) kind: Option<&'a str>,
    /// What follows it, without quotes around it.
    pub(super) name: &'a str,
    /// All of it: the name, in a file whose sections have no kind.
    pub(super) whole: &'a str,
    pub(super) properties: Properties,
}

/// Where a file is not what it should be. The line itself is not quoted: it may hold a key.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) why: &'static str,
}

const BLANK: [char; 2] = [' ', '\t'];

/// Splits a file into its sections, in the order of the file.
pub(super) fn parse(text: &str) -> Result<Vec<Section<'_>>, SyntaxError> {
    let mut parser = Parser::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        parser.line(line).map_err(|why| SyntaxError {
            line: index + 1,
            why,
        })?;
    }
    Ok(parser.sections)
}

#[derive(Default)]
struct Parser<'a> {
    sections: Vec<Section<'a>>,
    /// The property that an indented line goes on with.
    property: Option<String>,
}

impl<'a> Parser<'a> {
    fn line(&mut self, line: &'a str) -> Result<(), &'static str> {
        // A comment starts in the first column; an indented one would be the continuation of a value.
        if line.trim().is_empty() || line.starts_with(['#', ';']) {
            Ok(())
        } else if line.starts_with('[') {
            self.header(line)
        } else if line.starts_with(BLANK) {
            self.continuation(line.trim())
        } else {
            self.property(line)
        }
    }

    fn header(&mut self, line: &'a str) -> Result<(), &'static str> {
        let end = line.find(']').ok_or("a section has no closing `]`")?;
        let after = line[end + 1..].trim_start();
        if !(after.is_empty() || after.starts_with(['#', ';'])) {
            return Err("something follows the closing `]` of a section");
        }
        let inside = line[1..end].trim();
        let (kind, name) = match inside.split_once(BLANK) {
            Some((kind, name)) => (Some(kind), unquoted(name.trim())),
            None => (None, inside),
        };
        if name.is_empty() {
            return Err("a section has no name");
        }
        self.property = None;
        self.sections.push(Section {
            kind,
            name,
            whole: unquoted(inside),
            properties: Properties::new(),
        });
        Ok(())
    }

    fn property(&mut self, line: &str) -> Result<(), &'static str> {
        let section = self
            .sections
            .last_mut()
            .ok_or("a property stands before the first section")?;
        let (name, value) = without_comment(line)
            .split_once('=')
            .ok_or("neither a section, nor a property with `=`")?;
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() {
            return Err("a property has no name");
        }
        let value = Zeroizing::new(value.trim().to_owned());
        section.properties.insert(name.clone(), value);
        self.property = Some(name);
        Ok(())
    }

    fn continuation(&mut self, line: &str) -> Result<(), &'static str> {
        let value = self
            .property
            .as_ref()
            .and_then(|name| self.sections.last_mut()?.properties.get_mut(name))
            .ok_or("an indented line does not follow a property")?;
        let nested = value.is_empty() || value.starts_with('\n');
        if nested {
            match line.find('=') {
                None => return Err("a nested property has no `=`"),
                Some(0) => return Err("a nested property has no name"),
                Some(_) => {}
            }
        }
        let needed = value.len() + 1 + line.len();
        if value.capacity() < needed {
            // A new buffer, so that growing leaves no copy behind that is not wiped.
            let mut longer = Zeroizing::new(String::with_capacity(2 * needed));
            longer.push_str(value);
            *value = longer;
        }
        value.push('\n');
        value.push_str(line);
        Ok(())
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
        .match_indices(BLANK)
        .find(|(at, _)| line[at + 1..].starts_with(['#', ';']));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// The AWS CLI writes names with blanks in quotes.
fn unquoted(name: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| name.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Vec<(String, String)> {
        let section = parse(text).unwrap().remove(0);
        let properties = section.properties.into_iter();
        properties
            .map(|(name, value)| (name, value.to_string()))
            .collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn sections_have_a_kind_a_name_and_comments() {
        let sections = parse(
            "\u{feff}# comment\n; comment\n[default]\r\n[ profile\t foo ] # comment\n[profile \"a b\"]; c\n[sso-session s]#c\n\n",
        )
        .unwrap();
        let heads: Vec<_> = sections.iter().map(|s| (s.kind, s.name)).collect();
        assert_eq!(
            heads,
            [
                (None, "default"),
                (Some("profile"), "foo"),
                (Some("profile"), "a b"),
                (Some("sso-session"), "s"),
            ]
        );
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
    }

    #[test]
    fn an_indented_line_goes_on_with_the_value() {
        assert_eq!(
            one("[a]\nname = v\n  -- more # kept"),
            [pair("name", "v\n-- more # kept")]
        );
        let s3 = "[a]\ns3 =\n  max_queue = 10\n\tAddressing = path\nregion = r";
        let properties = one(s3);
        assert_eq!(properties[0], pair("region", "r"));
        assert_eq!(nested(&properties[1].1, "addressing"), Some("path"));
        assert_eq!(nested(&properties[1].1, "max"), None);
        assert_eq!(nested("addressing = path", "addressing"), None);
    }

    #[test]
    fn what_is_wrong_is_told_by_line() {
        for (text, line) in [
            ("\nname = v", 2),
            ("[profile a\nx = y", 1),
            ("[a] b", 1),
            ("[]", 1),
            ("[profile \"\"]\n", 1),
            ("[a]\nname", 2),
            ("[a]\n= v", 2),
            ("[a]\n  indented = 1", 2),
            ("[a]\nb = c\n[d]\n  indented", 4),
            ("[a]\ns3 =\n  nothing", 3),
            ("[a]\ns3 =\n  x = y\n  = nothing", 4),
            ("[a]\nkey # = value", 2),
        ] {
            assert_eq!(
                parse(text).err().map(|error| error.line),
                Some(line),
                "{text}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_the_parser_panic(text in "(\\PC|[\\[\\]=#;\"' \t\r\n]|\\[profile a\\]\n|\n  b=|\nkey = v){0,60}") {
            match parse(&text) {
                Ok(sections) => {
                    for section in sections {
                        for value in section.properties.values() {
                            let _ = nested(value, "b");
                        }
                    }
                }
                Err(error) => proptest::prop_assert!(error.line <= text.lines().count()),
            }
        }
    }
}
