//! Command lines, as the variable `BROWSER` has them.

/// A command without a shell.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct CommandLine {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    /// It goes on by itself: a trailing `&`.
    pub(super) is_detached: bool,
}

/// What separates command lines.
pub(super) const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

/// Reads one command line and puts the address where it says `%s`, or at its end. `%%` is `%`, `%c` is a colon, which
/// would separate commands.
///
/// Words may be in quotes, which are taken off. The address is one argument, whatever is in it: there is no shell.
pub(super) fn parse(line: &str, address: &str) -> Option<CommandLine> {
    let line = line.trim();
    let (line, is_detached) = match line.strip_suffix('&') {
        Some(line) => (line, true),
        None => (line, false),
    };
    let mut is_there = false;
    let mut words = words(line).into_iter().map(|word| {
        let (word, has) = expand(&word, address);
        is_there |= has;
        word
    });
    let program = words.next().filter(|program| !program.is_empty())?;
    let mut arguments: Vec<_> = words.collect();
    if !is_there {
        arguments.push(address.to_owned());
    }
    Some(CommandLine {
        program,
        arguments,
        is_detached,
    })
}

/// Words, with quotes as in a shell, and a backslash for the next quote or blank outside of Windows.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (None | Some('"'), '\\')
                if !cfg!(windows)
                    && characters
                        .peek()
                        .is_some_and(|next| matches!(next, '"' | '\'' | '\\' | ' ')) =>
            {
                word.get_or_insert_default().extend(characters.next());
            }
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

/// Puts in the address; says whether it did.
fn expand(word: &str, address: &str) -> (String, bool) {
    let (mut expanded, mut has) = (String::new(), false);
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('%') {
        expanded.push_str(before);
        let mut characters = after.chars();
        rest = match characters.next() {
            Some('s') => {
                expanded.push_str(address);
                has = true;
                characters.as_str()
            }
            Some('%') => {
                expanded.push('%');
                characters.as_str()
            }
            Some('c') => {
                expanded.push(':');
                characters.as_str()
            }
            _ => {
                expanded.push('%');
                after
            }
        };
    }
    expanded.push_str(rest);
    (expanded, has)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://as.example/authorize?a=%20s&b=1;ls";

    fn parsed(line: &str) -> (String, Vec<String>, bool) {
        let line = parse(line, URL).unwrap();
        (line.program, line.arguments, line.is_detached)
    }

    fn is(line: &str, program: &str, arguments: &[&str], is_detached: bool) {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        assert_eq!(
            parsed(line),
            (program.to_owned(), arguments, is_detached),
            "{line}"
        );
    }

    #[test]
    fn a_command_gets_the_address_where_it_says_so_or_at_its_end() {
        is("firefox", "firefox", &[URL], false);
        is("firefox &", "firefox", &[URL], true);
        is("firefox -P work %s&", "firefox", &["-P", "work", URL], true);
        is(
            "open --url=%s -x",
            "open",
            &[&format!("--url={URL}"), "-x"],
            false,
        );
        is("a '%s' \"b c\" d\\ e", "a", &[URL, "b c", "d e"], false);
        is(
            "w3m -o x=100%% http%c//%s %q %",
            "w3m",
            &["-o", "x=100%", &format!("http://{URL}"), "%q", "%"],
            false,
        );
    }

    #[test]
    fn a_line_without_a_command_is_none() {
        for line in ["", "  ", "&", " & ", "\"\" %s"] {
            assert_eq!(parse(line, URL), None, "{line}");
        }
    }
}
