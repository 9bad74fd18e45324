//! One scheme whose credentials never change.

use super::floors::{self, BASIC, KEY, TOKEN, X_API_KEY};
use crate::{Body, BoxError, Calls, Case, Group, get};
use http::Request;
use tower_auth_core::{Basic, Bearer, HeaderApiKey};
use tower_http::{auth::AddAuthorizationLayer, set_header::SetRequestHeaderLayer};

pub(super) const GROUP: Group = Group::new("single", cases);

fn cases() -> Result<Vec<Case>, BoxError> {
    Ok(vec![
        Case::new(
            "`Basic` / hand-written insert",
            Calls::new(Basic::new("user", "password")?, get),
            Calls::new(floors::authorization(BASIC)?, get),
        ),
        Case::new(
            "`Basic` / tower-http `AddAuthorization`",
            Calls::new(Basic::new("user", "password")?, get),
            Calls::new(
                AddAuthorizationLayer::basic("user", "password").as_sensitive(true),
                get,
            ),
        ),
        Case::new(
            "`Bearer` / hand-written insert",
            Calls::new(Bearer::new(TOKEN)?, get),
            Calls::new(floors::authorization(&floors::bearer())?, get),
        ),
        Case::new(
            "`Bearer` / tower-http `AddAuthorization`",
            Calls::new(Bearer::new(TOKEN)?, get),
            Calls::new(AddAuthorizationLayer::bearer(TOKEN).as_sensitive(true), get),
        ),
        Case::new(
            "`HeaderApiKey` / hand-written insert",
            Calls::new(HeaderApiKey::new(KEY)?, get),
            Calls::new(floors::key()?, get),
        ),
        Case::new(
            "`HeaderApiKey` / tower-http `SetRequestHeader`",
            Calls::new(HeaderApiKey::new(KEY)?, get),
            Calls::new(
                SetRequestHeaderLayer::overriding(X_API_KEY, floors::value(KEY)?),
                get,
            ),
        ),
        Case::new(
            "`Basic`, request without headers / hand-written insert",
            Calls::new(Basic::new("user", "password")?, without_headers),
            Calls::new(floors::authorization(BASIC)?, without_headers),
        ),
        Case::new(
            "`Basic`, request with an extension / hand-written insert",
            Calls::new(Basic::new("user", "password")?, with_extension),
            Calls::new(floors::authorization(BASIC)?, with_extension),
        ),
    ])
}

/// The header map's own allocations show here.
fn without_headers() -> Request<Body> {
    let mut request = get();
    *request.headers_mut() = http::HeaderMap::new();
    request
}

/// As behind axum or tonic, which put things there.
fn with_extension() -> Request<Body> {
    let mut request = get();
    request.extensions_mut().insert("a route");
    request
}
