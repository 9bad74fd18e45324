//! A key in the query.

use super::floors::KEY;
use crate::{BoxError, Calls, Case, Group, InsertLayer, get};
use bytes::Bytes;
use http::{Request, Uri, uri::PathAndQuery};
use tower_auth_core::QueryApiKey;

pub(super) const GROUP: Group = Group::new("query", cases);

fn cases() -> Result<Vec<Case>, BoxError> {
    Ok(vec![Case::new(
        "`QueryApiKey` / hand-written URI, never looks for the name",
        Calls::new(QueryApiKey::new(KEY)?, get),
        Calls::new(rebuild(), get),
    )])
}

/// Appends the parameter, without a look at what is there: one allocation, and the URI is taken apart, not copied.
fn rebuild<B>() -> InsertLayer<impl Fn(&mut Request<B>) + Clone> {
    let pair = format!("api_key={KEY}");
    InsertLayer(move |request: &mut Request<B>| {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        let old = parts
            .path_and_query
            .as_ref()
            .map_or("/", |old| old.as_str());
        let mut new = String::with_capacity(old.len() + 1 + pair.len());
        new.push_str(old);
        new.push(if old.contains('?') { '&' } else { '?' });
        new.push_str(&pair);
        let new = PathAndQuery::from_maybe_shared(Bytes::from(new));
        parts.path_and_query = Some(new.expect("short and valid"));
        *request.uri_mut() = Uri::from_parts(parts).expect("as whole as before");
    })
}
