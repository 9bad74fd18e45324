//! The text of a `.netrc`.

use std::fmt;
use tower_auth_core::{AuthError, Basic};
use zeroize::Zeroizing;

/// The credentials of one `machine`, or of `default`.
#[derive(Debug)]
pub(crate) struct Entry {
    /// In lower case; `None` for `default`.
    pub(crate) machine: Option<String>,
    pub(crate) login: Option<Login>,
    /// The line that spoils it, and what is wrong there; else what is sent.
    pub(crate) basic: Result<Basic, AuthError>, // `Basic` does not show what it holds
}

/// A user name, which is not shown.
pub(crate) struct Login(pub(crate) Zeroizing<String>);

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Reads all entries that have a login or a password. `user` is another word for `login`, and `passwd` for `password`.
///
/// A word may be quoted, as curl has it: `"` at its beginning, with `\"`, `\\`, `\n`, `\r` and `\t` inside. `#` at the
/// beginning of a word where a key could stand begins a comment. `macdef` ends with an empty line.
///
/// A word that nobody knows could be half a password: it spoils its entry, up to the next `machine` or `default`. So does
/// a value that is missing at the end, and a quote that does not end on its line, after which the next line is read.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, AuthError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text); // editors on Windows begin files with it
    let mut words = Words { text, line: 1 };
    let mut entries = Vec::new();
    let mut current: Option<Draft> = None;
    while let Some((line, word)) = words.next_key() {
        let word = word.unwrap_or_else(|fault| {
            // As a word that nobody knows, with a reason of its own.
            if let Some(draft) = &mut current {
                draft.fault.get_or_insert(fault);
            }
            Zeroizing::new(String::new())
        });
        let mut value = || words.value(line);
        match word.as_str() {
            "machine" => {
                finish(current.take(), &mut entries);
                // Whose entry it would be, nobody can say.
                current = Some(Draft::new(Some(value()?.to_ascii_lowercase()), line));
            }
            "default" => {
                finish(current.take(), &mut entries);
                current = Some(Draft::new(None, line));
            }
            "login" | "user" => {
                let draft = in_entry(&mut current, line)?;
                draft.login = draft.unless_spoiled(value());
            }
            "password" | "passwd" => {
                let draft = in_entry(&mut current, line)?;
                draft.password = draft.unless_spoiled(value());
            }
            "account" => {
                let value = value();
                if let Some(draft) = &mut current {
                    draft.unless_spoiled(value);
                }
            }
            "macdef" => words.skip_macro(),
            _ => {
                let fault = invalid(line, "has a word that no .netrc knows");
                let draft = in_entry(&mut current, line).map_err(|_| fault.clone())?;
                draft.fault.get_or_insert(fault);
            }
        }
    }
    finish(current, &mut entries);
    Ok(entries)
}

struct Draft {
    machine: Option<String>,
    login: Option<Zeroizing<String>>,
    password: Option<Zeroizing<String>>,
    fault: Option<AuthError>,
    line: usize,
}

impl Draft {
    fn new(machine: Option<String>, line: usize) -> Self {
        Self {
            machine,
            login: None,
            password: None,
            fault: None,
            line,
        }
    }
}

impl Draft {
    /// The value, or nothing when it is none, which spoils the entry.
    fn unless_spoiled(
        &mut self,
        value: Result<Zeroizing<String>, AuthError>,
    ) -> Option<Zeroizing<String>> {
        match value {
            Ok(value) => Some(value),
            Err(fault) => {
                self.fault.get_or_insert(fault);
                None
            }
        }
    }
}

fn in_entry(current: &mut Option<Draft>, line: usize) -> Result<&mut Draft, AuthError> {
    current
        .as_mut()
        .ok_or_else(|| invalid(line, "has a login or password before the first `machine`"))
}

fn finish(draft: Option<Draft>, entries: &mut Vec<Entry>) {
    let Some(draft) = draft else { return };
    if draft.login.is_none() && draft.password.is_none() && draft.fault.is_none() {
        return;
    }
    let text = |text: &Option<Zeroizing<String>>| text.clone().unwrap_or_default();
    let basic = match draft.fault {
        Some(fault) => Err(fault),
        None => Basic::new(text(&draft.login).as_str(), text(&draft.password).as_str()).map_err(
            |error| {
                invalid(draft.line, "begins an entry that Basic cannot send").with_source(error)
            },
        ),
    };
    entries.push(Entry {
        machine: draft.machine,
        login: draft.login.map(Login),
        basic,
    });
}

/// The line is named; what stands there is not shown.
fn invalid(line: usize, why: &str) -> AuthError {
    AuthError::configuration("netrc", format!("line {line} {why}"))
}

struct Words<'a> {
    text: &'a str,
    line: usize,
}

impl Words<'_> {
    fn next_key(&mut self) -> Option<(usize, Result<Zeroizing<String>, AuthError>)> {
        loop {
            self.blanks();
            if !self.text.starts_with('#') {
                break;
            }
            let end = self.text.find('\n').unwrap_or(self.text.len());
            self.text = &self.text[end..];
        }
        if self.text.is_empty() {
            return None;
        }
        let line = self.line;
        Some((line, self.word()))
    }

    fn value(&mut self, line: usize) -> Result<Zeroizing<String>, AuthError> {
        self.blanks();
        if self.text.is_empty() {
            return Err(invalid(line, "lacks a value"));
        }
        self.word()
    }

    fn blanks(&mut self) {
        let rest = self.text.trim_start_matches([' ', '\t', '\r', '\n']);
        let skipped = &self.text[..self.text.len() - rest.len()];
        self.line += skipped.matches('\n').count();
        self.text = rest;
    }

    fn word(&mut self) -> Result<Zeroizing<String>, AuthError> {
        // Room for all of it, so that no half of a password is left behind by growing.
        let mut word = Zeroizing::new(String::with_capacity(self.text.len().min(1024)));
        let Some(quoted) = self.text.strip_prefix('"') else {
            let end = self.text.find([' ', '\t', '\r', '\n']);
            let (plain, rest) = self.text.split_at(end.unwrap_or(self.text.len()));
            word.push_str(plain);
            self.text = rest;
            return Ok(word);
        };
        // On its line only, whatever is escaped: what is not closed costs no other line.
        let end = quoted.find('\n').unwrap_or(quoted.len());
        let (rest_of_line, after) = quoted.split_at(end);
        let mut chars = rest_of_line.chars();
        loop {
            let char = match chars.next() {
                Some('"') => break,
                Some('\\') => match chars.next() {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some(other) => other,
                    None => continue,
                },
                Some(other) => other,
                None => {
                    self.text = after;
                    return Err(invalid(self.line, "has a quote that is not closed"));
                }
            };
            word.push(char);
        }
        self.text = &quoted[end - chars.as_str().len()..];
        Ok(word)
    }

    /// Up to and including the next empty line.
    fn skip_macro(&mut self) {
        let end = self
            .text
            .match_indices('\n')
            .map(|(at, _)| at + 1)
            .find(|&at| {
                matches!(
                    self.text[at..].trim_start_matches('\r').chars().next(),
                    Some('\n') | None
                )
            });
        let (skipped, rest) = self.text.split_at(end.unwrap_or(self.text.len()));
        self.line += skipped.matches('\n').count();
        self.text = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machines(text: &str) -> Vec<Option<String>> {
        parse(text)
            .unwrap()
            .into_iter()
            .map(|entry| entry.machine)
            .collect()
    }

    #[test]
    fn entries_comments_macros_and_quotes_are_read() {
        let text = "# a comment\nmachine A.example login a password #1\n\n\
                    machine b.example\n\tlogin \"b c\"\n\tpassword \"d \\\" e\"\n\taccount x\n\
                    macdef init\ncd /pub\nmachine not.this\n\n\
                    machine no.credentials\n\
                    default login anonymous password guest # the end\n";
        let expected = [Some("a.example"), Some("b.example"), None];
        assert_eq!(machines(text), expected.map(|name| name.map(str::to_owned)));
        assert!(machines("").is_empty());
        assert!(machines("macdef x\nend").is_empty());
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_word() {
        assert_eq!(
            machines("\u{feff}machine h login u\r\n"),
            [Some("h".to_owned())]
        );
        assert_eq!(machines("\u{feff}# a comment\r\ndefault login u"), [None]);
    }

    #[test]
    fn the_password_may_be_called_passwd_as_in_bsd() {
        assert_eq!(
            machines("machine h login u passwd p"),
            [Some("h".to_owned())]
        );
    }

    #[test]
    fn macros_end_with_an_empty_line_whatever_the_line_ends() {
        for end in ["\n", "\r\n"] {
            let lines = [
                "machine a login u",
                "macdef init",
                "cd x",
                "  ",
                "machine b login u",
                "",
                "macdef empty",
                "",
                "machine c login u",
                "macdef last",
                "bye",
            ];
            let names = ["a", "c"].map(|name| Some(name.to_owned()));
            assert_eq!(machines(&lines.join(end)), names);
        }
    }

    #[test]
    fn mistakes_are_named_by_line_and_not_shown() {
        for (text, line) in [
            ("machine", 1),
            ("machine \"hunter2", 1),
            ("\nlogin hunter2", 2),
            ("\"hunter2", 1),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.parameter(), Some("netrc"), "{text}");
            assert!(
                error.to_string().contains(&format!("line {line} ")),
                "{error}"
            );
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_mistake_in_an_entry_spoils_that_entry_and_no_other() {
        for (bad, line) in [
            ("machine h\nlogin u\nhunter2", 3),
            ("machine h hunter2 login u", 1),
            ("machine h login u password p hunter2 p hunter3", 1),
            ("machine h login u:hunter2 password p", 1),
            ("machine h login u password \"hunter2\\n\"", 1),
            ("machine h\nlogin \"hunter2", 2),
            ("machine h login u\npassword \"hunter2\\", 2),
            ("machine h login u\n\"hunter2", 2),
            ("machine h login u account \"hunter2", 1),
        ] {
            let entries = parse(&format!("{bad}\nmachine good login u password p")).unwrap();
            let error = entries[0].basic.as_ref().unwrap_err();
            assert!(
                error.to_string().contains(&format!("line {line} ")),
                "{error}"
            );
            assert!(!format!("{entries:?}").contains("hunter2"), "{entries:?}");
            assert!(entries[1].basic.is_ok());
        }
    }

    #[test]
    fn a_value_that_is_missing_at_the_end_spoils_the_last_entry_only() {
        for last in ["login", "password", "account", "login u password"] {
            let text = format!("machine good login u password p\nmachine h {last}\n");
            let entries = parse(&text).unwrap();
            assert!(entries[0].basic.is_ok());
            let error = entries[1].basic.as_ref().unwrap_err();
            assert!(
                error.to_string().contains("line 2 lacks a value"),
                "{error}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = parse(&text);
        }

        #[test]
        fn no_likely_text_makes_it_panic(text in "(machine|login|password|default|macdef|#|\"|\\\\| |\n|é)*") {
            let _ = parse(&text);
        }
    }
}
