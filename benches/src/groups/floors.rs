//! Hand-written insertions, as tight as they come: the names are constants, the values sensitive as ours are.

use crate::{BoxError, InsertLayer};
use http::{HeaderName, HeaderValue, Request, header::AUTHORIZATION};

/// `user` and `password` as HTTP Basic wants them.
pub(super) const BASIC: &str = "Basic dXNlcjpwYXNzd29yZA==";
pub(super) const KEY: &str = "7c6f0f7a9b1d4e58";
pub(super) const TOKEN: &str = "mF_9.B5f-4.1JqM";
pub(super) const ORIGIN: &str = "https://api.example.com";

pub(super) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
pub(super) const X_APP_KEY: HeaderName = HeaderName::from_static("x-app-key");

pub(super) fn value(text: &str) -> Result<HeaderValue, BoxError> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

pub(super) fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

/// Inserts `Authorization`.
pub(super) fn authorization<B>(
    text: &str,
) -> Result<InsertLayer<impl Fn(&mut Request<B>) + Clone + use<B>>, BoxError> {
    let value = value(text)?;
    Ok(InsertLayer(move |request: &mut Request<B>| {
        request.headers_mut().insert(AUTHORIZATION, value.clone());
    }))
}

/// Inserts `X-API-Key`.
pub(super) fn key<B>() -> Result<InsertLayer<impl Fn(&mut Request<B>) + Clone + use<B>>, BoxError> {
    let value = value(KEY)?;
    Ok(InsertLayer(move |request: &mut Request<B>| {
        request.headers_mut().insert(X_API_KEY, value.clone());
    }))
}

/// Inserts `X-API-Key` and `Authorization: Basic`.
pub(super) fn key_and_basic<B>()
-> Result<InsertLayer<impl Fn(&mut Request<B>) + Clone + use<B>>, BoxError> {
    let key = value(KEY)?;
    let basic = value(BASIC)?;
    Ok(InsertLayer(move |request: &mut Request<B>| {
        let headers = request.headers_mut();
        headers.insert(X_API_KEY, key.clone());
        headers.insert(AUTHORIZATION, basic.clone());
    }))
}

/// Inserts `X-API-Key`, `X-App-Key` and `Authorization: Bearer`.
pub(super) fn keys_and_bearer<B>()
-> Result<InsertLayer<impl Fn(&mut Request<B>) + Clone + use<B>>, BoxError> {
    let key = value(KEY)?;
    let app = value(KEY)?;
    let bearer = value(&bearer())?;
    Ok(InsertLayer(move |request: &mut Request<B>| {
        let headers = request.headers_mut();
        headers.insert(X_API_KEY, key.clone());
        headers.insert(X_APP_KEY, app.clone());
        headers.insert(AUTHORIZATION, bearer.clone());
    }))
}
