//! The groups of cases, one file each.

mod aws;
mod deferred;
mod floors;
mod graphql;
mod oauth1;
mod query;
mod scope;
mod single;
mod sizes;
mod subscriptions;
mod sums;
mod token;
mod token_peers;
mod values;

use crate::Group;

/// Every group, in the order of the table. A new one goes here.
pub fn all() -> Vec<Group> {
    vec![
        single::GROUP,
        scope::GROUP,
        sums::GROUP,
        query::GROUP,
        deferred::GROUP,
        token::GROUP,
        token_peers::GROUP,
        graphql::GROUP,
        subscriptions::GROUP,
        values::GROUP,
        aws::GROUP,
        oauth1::GROUP,
        sizes::GROUP,
    ]
}
