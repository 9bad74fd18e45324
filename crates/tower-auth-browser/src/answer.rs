//! What a browser brought back.

use std::fmt;
use tower_auth_core::Secret;

/// So many parameters are read; nothing that an answer needs comes later.
const MOST: usize = 64;

/// The parameters that a browser came back with, decoded, in their order.
///
/// Nobody has looked at them yet: whatever runs on this machine, and every page that a browser shows, can send some.
/// Values are wiped when the last clone is dropped, and `Debug` prints names only.
#[derive(Clone)]
pub struct Answer(Vec<(String, Secret)>);

/// A parameter is there more than once, which no answer may have (RFC 6749 section 3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Repeated;

impl Answer {
    /// Reads a query, or a form.
    ///
    /// ```
    /// use tower_auth_browser::{Answer, Repeated};
    ///
    /// let answer = Answer::parse(b"code=a%2Bb+c&state=1&state=2");
    /// assert_eq!(answer.one("code").unwrap().unwrap().expose(), "a+b c");
    /// assert_eq!(answer.one("state").unwrap_err(), Repeated);
    /// assert!(answer.one("error").unwrap().is_none());
    /// ```
    pub fn parse(form: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(form).take(MOST);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
                .collect(),
        )
    }

    /// The value of a parameter; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// [`Repeated`] when it is there more than once.
    pub fn one(&self, name: &str) -> Result<Option<&Secret>, Repeated> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Repeated),
            (value, None) => Ok(value),
        }
    }

    /// All values of a parameter.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Secret> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value)
    }

    /// All parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ampersands_separate_and_values_are_not_printed() {
        let answer = Answer::parse(b"code=C;state=S&state=T&empty=&%C3%A9=%ff");
        assert_eq!(answer.one("code").unwrap().unwrap().expose(), "C;state=S");
        assert_eq!(answer.one("state").unwrap().unwrap().expose(), "T");
        assert!(answer.one("empty").unwrap().unwrap().is_empty());
        assert_eq!(answer.one("é").unwrap().unwrap().expose(), "\u{fffd}");
        let shown = format!("{answer:?}");
        assert_eq!(shown, r#"["code", "state", "empty", "é"]"#);
    }

    #[test]
    fn an_answer_of_too_many_parameters_is_cut() {
        let many = "a=1&".repeat(100_000);
        assert_eq!(Answer::parse(many.as_bytes()).iter().count(), MOST);
    }
}
