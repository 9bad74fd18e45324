//! The terms of a sum that only its name counts.

use super::{Kind, Term, record::Record, recover, user::X_ORDER};
use crate::case::Why;
use std::iter::repeat_n;

/// The terms that the name counts, made of what the record shows.
///
/// A single letter is a user's own scheme. `basic`, `header` and `query` count a term each, and `two` or `same` before
/// one of them counts another. Where the record shows fewer than the name counts, terms wrote over each other; the
/// overwritten ones are made up, since all that is left of them is their name. What the name does not count joins at
/// the end.
pub(super) fn terms(record: &Record, text: &str) -> Result<Vec<Term>, Why> {
    let counted = counted(text);
    let letters = counted
        .iter()
        .any(|term| matches!(term, Counted::Letter(_)));
    let basic = recover::basic(record);
    let other_headers = |name: &str| match name {
        "authorization" => basic.is_none(),
        _ => !(letters && name == X_ORDER.as_str()),
    };
    let mut of_kind = [
        (Kind::Header, recover::header_keys(record, other_headers)),
        (Kind::Query, recover::query_keys(record)),
        (Kind::Basic, basic.into_iter().collect()),
    ];
    for (kind, shown) in &mut of_kind {
        let named = counted
            .iter()
            .filter(|term| **term == Counted::One(*kind))
            .count();
        match (named, shown.first().cloned()) {
            (0, _) => {}
            (_, None) => return Err(format!("the record shows nothing of {kind:?}").into()),
            (_, Some(_)) if shown.len() > named => {
                return Err(format!("the record shows {} of {kind:?}", shown.len()).into());
            }
            (_, Some(last)) => {
                let overwritten = named - shown.len();
                shown.splice(..0, std::iter::repeat_n(last.overwritten(), overwritten));
            }
        }
    }
    let mut terms = Vec::new();
    for term in counted {
        match term {
            Counted::Letter(letter) => terms.push(Term::Letter(letter)),
            Counted::One(kind) => {
                let shown = of_kind.iter_mut().find(|(other, _)| *other == kind);
                terms.extend(shown.map(|(_, shown)| shown.remove(0)));
            }
        }
    }
    terms.extend(of_kind.into_iter().flat_map(|(_, shown)| shown));
    Ok(terms)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Counted {
    Letter(char),
    One(Kind),
}

fn counted(text: &str) -> Vec<Counted> {
    let mut counted = Vec::new();
    let mut times = 1;
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let term = match word {
            "basic" => Counted::One(Kind::Basic),
            "header" => Counted::One(Kind::Header),
            "query" => Counted::One(Kind::Query),
            "two" | "same" => {
                times = 2;
                continue;
            }
            _ => match word.as_bytes() {
                [letter @ b'a'..=b'z'] => Counted::Letter(char::from(*letter)),
                _ => continue,
            },
        };
        counted.extend(repeat_n(term, std::mem::replace(&mut times, 1)));
    }
    counted
}

impl Term {
    /// A term that writes the same, of another secret.
    fn overwritten(&self) -> Self {
        let key = "overwritten".to_owned();
        match self.clone() {
            Self::Basic { username, .. } => Self::Basic {
                username,
                password: key,
            },
            Self::Header { name, .. } => Self::Header { name, key },
            Self::Query { name, .. } => Self::Query { name, key },
            Self::Letter(letter) => Self::Letter(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Counted::{Letter, One};
    use serde_json::json;

    #[test]
    fn a_name_counts_its_terms() {
        for (text, terms) in [
            ("(a+b)&a", vec![Letter('a'), Letter('b'), Letter('a')]),
            ("two-query", vec![One(Kind::Query); 2]),
            ("same-header-last-wins", vec![One(Kind::Header); 2]),
            (
                "basic+header&a",
                vec![One(Kind::Basic), One(Kind::Header), Letter('a')],
            ),
            ("whatever", vec![]),
        ] {
            assert_eq!(counted(text), terms, "{text}");
        }
    }

    #[test]
    fn a_record_that_shows_fewer_than_are_counted_hides_what_was_overwritten() {
        let record = |headers_out| {
            Record::read(&json!({
                "url_in": "https://h", "url_out": "https://h", "target_before": "/",
                "target_out": "/", "headers_in": {}, "headers_out": headers_out,
            }))
            .unwrap()
        };
        let header = |name: Option<&str>, key: &str| Term::Header {
            name: name.map(str::to_owned),
            key: key.to_owned(),
        };
        let one = record(json!({"x-api-key": "2"}));
        let two = [header(None, "overwritten"), header(None, "2")];
        assert_eq!(terms(&one, "same-header-last-wins").unwrap(), two);
        assert_eq!(terms(&one, "named otherwise").unwrap(), two[1..]);
        assert!(terms(&one, "basic+header").is_err());
        let both = record(json!({"x-a": "1", "x-b": "2"}));
        let two = [header(Some("x-a"), "1"), header(Some("x-b"), "2")];
        assert_eq!(terms(&both, "header+header").unwrap(), two);
        assert!(terms(&both, "header").is_err());
    }
}
