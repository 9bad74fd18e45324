//! A server for the schema `hello.graphql`, which wants a token.

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use tokio::net::TcpListener;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The token that it wants.
pub(crate) const TOKEN: &str = "mF_9.B5f-4.1JqM";

struct Query;

#[Object]
impl Query {
    async fn hello(&self, name: Option<String>) -> String {
        format!("hello {}", name.as_deref().unwrap_or("world"))
    }
}

/// Starts it on loopback; its endpoint.
pub(crate) async fn start() -> Result<String, BoxError> {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let answer =
        async move |headers: HeaderMap, Json(request): Json<async_graphql::Request>| match headers
            .get("authorization")
        {
            Some(value) if value == &format!("Bearer {TOKEN}") => {
                Ok(Json(schema.execute(request).await))
            }
            _ => Err(StatusCode::UNAUTHORIZED),
        };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}/graphql", listener.local_addr()?);
    let app = Router::new().route("/graphql", post(answer));
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(endpoint)
}
