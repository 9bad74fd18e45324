//! The cases in which our code may differ from the record: all of them named, with a reason and a source.

use serde::Deserialize;

/// What `exceptions.toml` says.
#[derive(Debug, Default)]
pub(crate) struct Exceptions(Vec<Exception>);

/// Some cases, and why they are exceptions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    /// Ids, or `prefix/*` for every id that begins with `prefix/`.
    cases: Vec<String>,
    /// Printed with every skip.
    pub(crate) reason: String,
    /// Where the reason comes from: an RFC, a document of this repository.
    source: String,
    /// The case is run all the same, and fails unless our code refuses its input at construction.
    #[serde(default)]
    pub(crate) refused: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    exception: Vec<Exception>,
}

impl Exceptions {
    /// The ones that this program was built with: a vector file cannot bring its own.
    pub(crate) fn embedded() -> Result<Self, String> {
        Self::parse(include_str!("../exceptions.toml"))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file: File =
            toml::from_str(text).map_err(|error| format!("exceptions.toml: {error}"))?;
        let mut seen = Vec::new();
        for exception in &file.exception {
            let wrong = |why: &str| Err(format!("exceptions.toml: {:?}: {why}", exception.cases));
            if exception.reason.trim().is_empty() || exception.source.trim().is_empty() {
                return wrong("a reason and a source are needed");
            }
            if exception.cases.is_empty() {
                return wrong("names no case");
            }
            for case in &exception.cases {
                let prefix = case.strip_suffix("/*").unwrap_or(case);
                // A bare `*`, or a whole format, would be a way to skip what was never looked at.
                if prefix.contains('*') || !prefix.contains('/') {
                    return wrong("is neither an id nor `format/part/*`");
                }
                if seen.contains(&case) {
                    return wrong("is named twice");
                }
                seen.push(case);
            }
        }
        Ok(Self(file.exception))
    }

    /// The exception for this case. An id goes before a pattern, and a longer pattern before a shorter one.
    pub(crate) fn find(&self, id: &str) -> Option<&Exception> {
        self.0
            .iter()
            .flat_map(|exception| exception.cases.iter().map(move |case| (case, exception)))
            .filter(|(case, _)| covers(case, id))
            .max_by_key(|(case, _)| (*case == id, case.len()))
            .map(|(_, exception)| exception)
    }
}

fn covers(case: &str, id: &str) -> bool {
    match case.strip_suffix('*') {
        Some(prefix) => id.len() > prefix.len() && id.starts_with(prefix),
        None => case == id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_exceptions_are_well_formed() {
        assert!(!Exceptions::embedded().unwrap().0.is_empty());
    }

    #[test]
    fn an_exception_covers_what_it_names_and_nothing_else() {
        let exceptions = Exceptions::parse(
            r#"
            [[exception]]
            cases = ["f/one", "f/part/*"]
            reason = "general"
            source = "RFC 0"
            [[exception]]
            cases = ["f/part/special"]
            reason = "special"
            source = "RFC 0"
            refused = true
            "#,
        )
        .unwrap();
        let reason = |id| exceptions.find(id).map(|found| found.reason.as_str());
        assert_eq!(reason("f/one"), Some("general"));
        assert_eq!(reason("f/part/x"), Some("general"));
        assert_eq!(reason("f/part/x/y"), Some("general"));
        assert_eq!(reason("f/part/special"), Some("special"));
        assert!(exceptions.find("f/part/special").unwrap().refused);
        for other in [
            "f/one/more",
            "f/on",
            "f/part",
            "f/part/",
            "f/parts/x",
            "g/one",
        ] {
            assert_eq!(reason(other), None, "{other}");
        }
    }

    #[test]
    fn an_exception_without_reason_or_source_or_measure_is_refused() {
        for bad in [
            r#"cases = ["f/a"]
               reason = "r""#,
            r#"cases = ["f/a"]
               source = "s""#,
            r#"cases = ["f/a"]
               reason = " "
               source = "s""#,
            r#"cases = []
               reason = "r"
               source = "s""#,
            r#"cases = ["*"]
               reason = "r"
               source = "s""#,
            r#"cases = ["f/*"]
               reason = "r"
               source = "s""#,
            r#"cases = ["f/*/a"]
               reason = "r"
               source = "s""#,
            r#"cases = ["f/a", "f/a"]
               reason = "r"
               source = "s""#,
            r#"cases = ["f/a"]
               reason = "r"
               source = "s"
               until = "later""#,
        ] {
            let text = format!("[[exception]]\n{bad}\n");
            assert!(Exceptions::parse(&text).is_err(), "{text}");
        }
    }
}
