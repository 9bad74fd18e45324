//! A reverse proxy that puts its own credentials on what it passes on: `cargo run --example axum_proxy`.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
};
use examples::{BoxError, KEY, PASSWORD, Server, USER, show};
use http::{HeaderMap, HeaderName, Response, StatusCode, Uri, Version, header};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{ServiceBuilder, ServiceExt, util::BoxCloneSyncService};
use tower_auth::{Basic, HeaderApiKey, SchemeExt};

#[derive(Clone)]
struct Upstream {
    origin: Uri,
    http: BoxCloneSyncService<Request, Response<Body>, BoxError>,
}

async fn proxy(
    State(upstream): State<Upstream>,
    mut request: Request,
) -> Result<Response<Body>, StatusCode> {
    // The path is the caller's; scheme and host never are.
    let mut parts = upstream.origin.into_parts();
    parts.path_and_query = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| StatusCode::BAD_REQUEST)?;
    *request.version_mut() = Version::HTTP_11;
    request.headers_mut().remove(header::HOST);
    remove_hop_by_hop(request.headers_mut());

    let response = upstream.http.oneshot(request).await;
    let mut response = response.map_err(|error| {
        eprintln!("upstream: {error}");
        StatusCode::BAD_GATEWAY
    })?;
    remove_hop_by_hop(response.headers_mut());
    Ok(response)
}

/// RFC 9110 section 7.6.1. The layers run after this, so that a caller who writes `Connection: Authorization` takes
/// nothing off but what was its own.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let known = [
        header::CONNECTION,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    for name in listed.into_iter().chain(known) {
        headers.remove(name);
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let server = Server::start().await?;
    let auth = Basic::new(USER, PASSWORD)? + HeaderApiKey::new(KEY)?;
    let http = ServiceBuilder::new()
        .map_err(BoxError::from)
        .map_response(|response: Response<_>| response.map(Body::new))
        .layer(auth.only_to(server.origin())?)
        .service(Client::builder(TokioExecutor::new()).build_http());
    let upstream = Upstream {
        origin: server.origin().clone(),
        http: BoxCloneSyncService::new(http),
    };
    let proxy = Server::serve(Router::new().fallback(proxy).with_state(upstream)).await?;

    // A caller who knows no credentials, and one with credentials of its own, which end here.
    let caller = Client::builder(TokioExecutor::new()).build_http();
    for authorization in [None, Some("Bearer of-the-caller")] {
        let mut request = Request::get(proxy.uri("/hello?from=caller")).body(Body::empty())?;
        if let Some(value) = authorization {
            let headers = request.headers_mut();
            headers.insert(header::AUTHORIZATION, value.parse()?);
            headers.insert(header::CONNECTION, "authorization, x-api-key".parse()?);
        }
        let what = authorization.map_or("caller without credentials", |_| "caller with others");
        let response = caller.request(request).await?;
        show(what, response, StatusCode::OK).await?;
    }
    Ok(())
}
