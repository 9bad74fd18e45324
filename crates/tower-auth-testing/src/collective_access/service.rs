//! The issuer as a service.

use super::{
    Issuer, claims,
    envelope::{malformed, wrap},
    schema::Asked,
};
use async_graphql::{Request as GraphQlRequest, Variables};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, Full, Limited};
use serde::Deserialize;
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower_service::Service;

/// A login needs no more.
const LARGEST_REQUEST: usize = 64 * 1024;

/// `operationName` and `extensions` are ignored, as the real service does.
#[derive(Deserialize)]
struct Asking {
    query: String,
    #[serde(default)]
    variables: Option<serde_json::Value>,
}

impl Issuer {
    /// Answers a request: its `Authorization`, and the JSON of its body, whatever the content type says.
    pub async fn answer(&self, authorization: Option<&str>, body: &[u8]) -> (StatusCode, String) {
        let Ok(asking) = serde_json::from_slice::<Asking>(body) else {
            return malformed();
        };
        let variables = Variables::from_json(asking.variables.unwrap_or_default());
        let request = GraphQlRequest::new(asking.query)
            .variables(variables)
            .data(Asked {
                issuer: self.clone(),
                token: claims::bearer(authorization).map(ToOwned::to_owned),
            });
        wrap(self.0.schema.execute(request).await)
    }
}

impl<B> Service<Request<B>> for Issuer
where
    B: http_body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let issuer = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let (status, json) = if parts.method == Method::OPTIONS {
                (StatusCode::OK, String::new())
            } else {
                let authorization = parts.headers.get(AUTHORIZATION);
                let authorization = authorization.and_then(|value| value.to_str().ok());
                match Limited::new(body, LARGEST_REQUEST).collect().await {
                    Ok(body) => issuer.answer(authorization, &body.to_bytes()).await,
                    Err(_) => malformed(),
                }
            };
            let mut response = Response::new(Full::from(json));
            *response.status_mut() = status;
            *response.headers_mut() = HeaderMap::from_iter([
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            ]);
            Ok(response)
        })
    }
}
