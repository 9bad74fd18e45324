//! Credentials that never change: each scheme alone, then their sum.

use crate::{
    Body, BoxError, Http,
    server::{HEADER_KEY, PASSWORD, QUERY_KEY, Servers, TOKEN, USER},
    table::{Table, outcome},
};
use http::Request;
use tower::{ServiceBuilder, ServiceExt};
use tower_auth::{Authorize, Basic, Bearer, Fixed, HeaderApiKey, QueryApiKey, SchemeExt};

pub(crate) async fn run(http: &Http, servers: &Servers, table: &mut Table) -> Result<(), BoxError> {
    let basic = Basic::new(USER, PASSWORD)?;
    let header = HeaderApiKey::new(HEADER_KEY)?;
    let query = QueryApiKey::new(QUERY_KEY)?;
    let bearer = Bearer::new(TOKEN)?;
    let sum = query.clone() + basic.clone() + header.clone();

    let origin = &servers.checker;
    let (saw, status) = get(http, origin, "basic", basic).await?;
    table.row("Basic", saw, status, ("Basic alice", "200"));
    let (saw, status) = get(http, origin, "header", header).await?;
    table.row("HeaderApiKey", saw, status, ("X-API-Key", "200"));
    let (saw, status) = get(http, origin, "query", query).await?;
    table.row("QueryApiKey", saw, status, ("api_key", "200"));
    let (saw, status) = get(http, origin, "bearer", bearer).await?;
    table.row("Bearer", saw, status, ("Bearer", "200"));
    let (saw, status) = get(http, origin, "sum", sum).await?;
    let all = "Basic alice + X-API-Key + api_key";
    table.row(
        "QueryApiKey + Basic + HeaderApiKey",
        saw,
        status,
        (all, "200"),
    );

    // The server does check: a wrong password gets a 401.
    let wrong = Basic::new(USER, "guess")?;
    let (saw, status) = get(http, origin, "basic", wrong).await?;
    let expected = ("an Authorization that is wrong", "401");
    table.row("Basic, with a wrong password", saw, status, expected);
    Ok(())
}

/// One request through one scheme, and what came of it.
async fn get<A>(
    http: &Http,
    origin: &str,
    path: &str,
    auth: A,
) -> Result<(String, String), BoxError>
where
    A: SchemeExt<Mode = Fixed> + Authorize<Body>,
{
    let client = ServiceBuilder::new()
        .layer(auth.only_to(origin)?)
        .service(http.clone());
    let request = Request::get(format!("{origin}/{path}?page=1")).body(Body::default())?;
    Ok(outcome(client.oneshot(request).await).await)
}
