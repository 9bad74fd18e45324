//! `multi-<sum>`: schemes added up.
//!
//! Each is judged twice: as [`Schemes`], made at run time, and by the operators that the name has.

use super::{
    Kind, Term, counted,
    expression::Expression,
    record::Record,
    term::{header, query},
    user::{Letter, Node},
};
use crate::{case::Verdict, wire::send};
use http::Request;
use tower_auth_core::{AuthError, Basic, Schemes};

/// More than any sum that is meant has.
const MOST: usize = 256;

pub(super) async fn judge(record: Record, name: String) -> Verdict {
    let text = name.strip_prefix("multi-").unwrap_or_default();
    let expression = Expression::parse(text);
    let terms: Result<Vec<_>, _> = match record.inputs() {
        Some(inputs) => inputs.iter().map(Term::read).collect(),
        None => counted::terms(&record, text),
    };
    match terms {
        Ok(terms) if terms.is_empty() => Verdict::Differs("the record shows no scheme".to_owned()),
        Ok(terms) if terms.len() > MOST => Verdict::Differs(format!("more than {MOST} terms")),
        Ok(terms) => both_ways(&record, &terms, expression.as_ref()).await,
        Err(why) => Verdict::Differs(why),
    }
}

async fn both_ways(record: &Record, terms: &[Term], expression: Option<&Expression>) -> Verdict {
    if let Err(why) = record.check(terms) {
        return Verdict::Differs(why);
    }
    if let Some(verdict) = terms.iter().find_map(Term::refusal) {
        return verdict;
    }
    let request = || record.request();
    let (first, second) = match (request(), request()) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(why), _) | (_, Err(why)) => return Verdict::Differs(why),
    };
    let boxed: Result<Vec<_>, _> = terms.iter().map(Term::boxed).collect();
    // `+` panics where this is an error, or does not compile, so this comes first.
    let schemes = match boxed.and_then(Schemes::new) {
        Ok(schemes) => schemes,
        Err(error) => return Verdict::Refused(error.to_string()),
    };
    for (how, sent) in [
        ("at run time", send(schemes, first).await),
        (
            "by operators",
            by_operators(terms, expression, second).await,
        ),
    ] {
        let compared = match sent {
            Ok(sent) => record.compare(&sent, terms),
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = compared {
            return Verdict::Differs(format!("{how}: {why}"));
        }
    }
    Verdict::Agrees
}

/// The sum of the expression; from left to right when the name is none, or when one of the terms has to come last and
/// so cannot be hidden in a node.
async fn by_operators(
    terms: &[Term],
    expression: Option<&Expression>,
    request: Request<()>,
) -> Result<Request<()>, AuthError> {
    let basic = terms.iter().find_map(|term| match term {
        Term::Basic { username, password } => Some(Basic::new(username, password)),
        _ => None,
    });
    let keys = terms.iter().filter(|term| term.kind() != Kind::Basic);
    let mut keys = keys.map(node).collect::<Result<Vec<_>, _>>()?.into_iter();
    let sum = match expression {
        Some(expression) if basic.is_none() && expression.words().len() == terms.len() => {
            sum(expression, &mut keys)
        }
        _ => keys.reduce(|left, right| Node::new(left + right)),
    };
    match (basic, sum) {
        (Some(basic), Some(keys)) => send(basic? + keys, request).await,
        (Some(basic), None) => send(basic?, request).await,
        (None, Some(keys)) => send(keys, request).await,
        (None, None) => Ok(request),
    }
}

fn sum(expression: &Expression, terms: &mut impl Iterator<Item = Node>) -> Option<Node> {
    Some(match expression {
        Expression::Word(_) => terms.next()?,
        Expression::Plus(left, right) => {
            let left = sum(left, terms)?;
            Node::new(left + sum(right, terms)?)
        }
        Expression::And(left, right) => {
            let left = sum(left, terms)?;
            Node::new(left & sum(right, terms)?)
        }
    })
}

fn node(term: &Term) -> Result<Node, AuthError> {
    Ok(match term {
        Term::Letter(letter) => Node::new(Letter(*letter)),
        Term::Header { name, key } => Node::new(header(name.as_deref(), key)?),
        Term::Query { name, key } => Node::new(query(name.as_deref(), key)?),
        Term::Basic { username, password } => Node::new(Basic::new(username, password)?),
    })
}
