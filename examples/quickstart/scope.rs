//! Where credentials do not go: over plaintext to another machine, and to another origin after a redirect.

use crate::{
    Body, BoxError, Http,
    server::{HEADER_KEY, PASSWORD, Servers, USER},
    table::{Table, outcome},
};
use http::{Request, Uri};
use tower::{ServiceBuilder, ServiceExt};
use tower_auth::{Basic, HeaderApiKey, SchemeExt};
use tower_http::follow_redirect::FollowRedirectLayer;

pub(crate) async fn run(http: &Http, servers: &Servers, table: &mut Table) -> Result<(), BoxError> {
    let auth = Basic::new(USER, PASSWORD)? + HeaderApiKey::new(HEADER_KEY)?;

    // In scope, but not encrypted and not this machine: an error, and nothing leaves the process.
    let client = ServiceBuilder::new()
        .layer(
            auth.clone()
                .only_to(Uri::from_static("http://api.example.com"))?,
        )
        .service(http.clone());
    let request = Request::get("http://api.example.com/").body(Body::default())?;
    let (saw, status) = outcome(client.oneshot(request).await).await;
    let expected = ("nothing: it was not sent", "Insecure");
    table.row("a sum, over http to another machine", saw, status, expected);

    // The redirect leads to another origin. The layer that authenticates is inside the one that follows.
    let client = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .layer(auth.only_to(servers.redirector.as_str())?)
        .service(http.clone());
    let request = Request::get(&servers.redirector).body(Body::default())?;
    let (saw, status) = outcome(client.oneshot(request).await).await;
    let (first_saw, first_status) = servers.redirector_saw();
    let expected = ("Basic alice + X-API-Key", "307");
    table.row(
        "a sum, to the server that redirects",
        first_saw,
        first_status,
        expected,
    );
    table.row("… and where the redirect leads", saw, status, ("", "200"));
    Ok(())
}
