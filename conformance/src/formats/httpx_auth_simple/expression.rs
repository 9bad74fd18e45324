//! The sum in the name of a vector: `(a+b)&c`, `basic+basic`, `same-header-last-wins`.

/// How terms are added up. `+` binds tighter than `&`, in Python as in Rust.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Expression {
    /// A letter for a user's own scheme, or a word.
    Word(String),
    Plus(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
}

/// More than any sum that is meant has.
const LONGEST: usize = 256;

impl Expression {
    /// `None` for what is not an expression.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut rest = text;
        let expression = and(&mut rest)?;
        rest.is_empty().then_some(expression)
    }

    /// The words from left to right.
    pub(super) fn words(&self) -> Vec<&str> {
        match self {
            Self::Word(word) => vec![word],
            Self::Plus(left, right) | Self::And(left, right) => {
                let mut words = left.words();
                words.extend(right.words());
                words
            }
        }
    }
}

fn and(rest: &mut &str) -> Option<Expression> {
    let mut left = plus(rest)?;
    while take(rest, '&') {
        left = Expression::And(Box::new(left), Box::new(plus(rest)?));
    }
    Some(left)
}

fn plus(rest: &mut &str) -> Option<Expression> {
    let mut left = operand(rest)?;
    while take(rest, '+') {
        left = Expression::Plus(Box::new(left), Box::new(operand(rest)?));
    }
    Some(left)
}

fn operand(rest: &mut &str) -> Option<Expression> {
    if take(rest, '(') {
        let inner = and(rest)?;
        return take(rest, ')').then_some(inner);
    }
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
        .unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    (!word.is_empty()).then(|| Expression::Word(word.to_owned()))
}

fn take(rest: &mut &str, c: char) -> bool {
    match rest.strip_prefix(c) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(expression: &Expression) -> String {
        match expression {
            Expression::Word(word) => word.clone(),
            Expression::Plus(l, r) => format!("({}+{})", shown(l), shown(r)),
            Expression::And(l, r) => format!("({}&{})", shown(l), shown(r)),
        }
    }

    #[test]
    fn operators_bind_as_in_python_and_rust() {
        for (text, read) in [
            ("a", "a"),
            ("a+b+c", "((a+b)+c)"),
            ("a+(b+c)", "(a+(b+c))"),
            ("a&b+c&d", "((a&(b+c))&d)"),
            ("((basic)&two-query)", "(basic&two-query)"),
        ] {
            assert_eq!(shown(&Expression::parse(text).unwrap()), read);
        }
        let parsed = Expression::parse("(a+b)&(c+a)").unwrap();
        assert_eq!(parsed.words(), ["a", "b", "c", "a"]);
    }

    #[test]
    fn what_is_no_expression_is_none() {
        for bad in ["", "a+", "+a", "(a", "a)", "a b", "()", "a++b"] {
            assert_eq!(Expression::parse(bad), None, "{bad}");
        }
        assert_eq!(Expression::parse(&"(".repeat(100_000)), None);
    }
}
