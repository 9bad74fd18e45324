//! Reads `WWW-Authenticate`, where the same comma separates challenges and parameters.

use super::Challenge;

const MOST: usize = 32;

pub(super) fn challenges(text: &str) -> Vec<Challenge> {
    let mut input = Input(text);
    let mut found: Vec<Challenge> = Vec::new();
    while found.len() <= MOST {
        input.skip(|c| c == ',' || c == ' ' || c == '\t');
        if input.0.is_empty() {
            break;
        }
        let Some(word) = input.token() else {
            // Not understood: on to the next comma.
            input.take(|c| c != ',');
            continue;
        };
        let blank = input.skip_blanks();
        // `word =` belongs to the challenge before it, unless it is `word=` of a token68 without a scheme.
        if input.0.starts_with('=') {
            let value = input.value();
            if let (Some(challenge), Some(value)) = (found.last_mut(), value) {
                if challenge.parameters.len() < MOST
                    && challenge.get(&word.to_ascii_lowercase()).is_none()
                {
                    challenge
                        .parameters
                        .push((word.to_ascii_lowercase(), value));
                }
            }
            continue;
        }
        let token68 = if blank { input.token68() } else { None };
        found.push(Challenge {
            scheme: word.to_owned(),
            token68,
            parameters: Vec::new(),
        });
    }
    found.truncate(MOST);
    found
}

struct Input<'a>(&'a str);

impl<'a> Input<'a> {
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !belongs(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, belongs: impl Fn(char) -> bool) -> bool {
        !self.take(belongs).is_empty()
    }

    fn skip_blanks(&mut self) -> bool {
        self.skip(|c| c == ' ' || c == '\t')
    }

    /// `token` of RFC 9110 section 5.6.2.
    fn token(&mut self) -> Option<&'a str> {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        Some(self.take(is_token)).filter(|token| !token.is_empty())
    }

    /// `token68` of RFC 9110 section 11.2, when that is what stands between here and the next comma or the end, and it
    /// can be nothing else.
    fn token68(&mut self) -> Option<String> {
        let before = self.0;
        let is_68 = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        let word = self.take(is_68);
        let padding = self.take(|c| c == '=');
        self.skip_blanks();
        let ends = self.0.is_empty() || self.0.starts_with(',');
        if ends && !word.is_empty() {
            return Some(format!("{word}{padding}"));
        }
        self.0 = before;
        None
    }

    /// `= token` or `= "quoted string"`.
    fn value(&mut self) -> Option<String> {
        self.0 = self.0.strip_prefix('=')?;
        self.skip_blanks();
        let Some(rest) = self.0.strip_prefix('"') else {
            // Servers leave out quotes where they are needed.
            return Some(self.take(|c| c != ',' && c != ' ' && c != '\t').to_owned());
        };
        let mut value = String::new();
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = &rest[at + 1..];
                    return Some(value);
                }
                '\\' => value.extend(chars.next().map(|(_, c)| c)),
                c => value.push(c),
            }
        }
        self.0 = ""; // never closed
        Some(value)
    }
}
