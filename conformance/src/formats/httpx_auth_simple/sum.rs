//! `multi-<sum>`: schemes added up.
//!
//! Each is judged twice: as [`Schemes`], made at run time, and by the operators that the name has.

use super::{
    Kind, Term,
    expression::Expression,
    record::Record,
    term::{header, query},
    user::{Letter, Node},
};
use crate::{case::Judged, server::send};
use http::Request;
use tower_auth_core::{AuthError, Basic, Schemes};

/// More than any sum that is meant has.
const MOST: usize = 256;

pub(super) async fn judge(record: &Record, terms: &[Term], name: &str) -> Judged {
    let text = name.strip_prefix("multi-").unwrap_or_default();
    let expression = Expression::parse(text);
    if terms.is_empty() || terms.len() > MOST {
        return Err(format!("not 1 to {MOST} terms").into());
    }
    record.check(terms)?;
    let boxed: Result<Vec<_>, _> = terms.iter().map(Term::boxed).collect();
    // `+` panics where this is an error, or does not compile, so this comes first.
    let sent = send(Schemes::new(boxed?)?, record.request()?).await?;
    let compared = record.compare(&sent, terms);
    compared.map_err(|why| format!("at run time: {why}"))?;
    let sent = by_operators(terms, expression.as_ref(), record.request()?).await?;
    let compared = record.compare(&sent, terms);
    Ok(compared.map_err(|why| format!("by operators: {why}"))?)
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
