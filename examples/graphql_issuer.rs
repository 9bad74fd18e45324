//! The `Auth` service of CollectiveAccess as an axum server: issues tokens by GraphQL.
//!
//!     TOKEN_KEY=<at least 32 random characters> PASSWORD=<of the user api> \
//!         cargo run --example graphql_issuer -- 127.0.0.1:8080 [ACCESS SECONDS] [REFRESH SECONDS]
//!
//! It refuses to start with a key that is short or a default. Without arguments it starts on a free port, logs in by
//! itself, and stops: that is the test.

use axum::Router;
use examples::BoxError;
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use std::{env, time::Duration};
use tokio::net::TcpListener;
use tower_auth::{
    graphql::{GraphQlLogin, GraphQlService},
    token::TokenAuth,
};
use tower_auth_testing::collective_access::Issuer;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next();
    let mut seconds = |default| match arguments.next() {
        Some(text) => text.parse().map(Duration::from_secs),
        None => Ok(Duration::from_secs(default)),
    };
    let (access, refresh) = (seconds(600)?, seconds(86_400)?);
    let (key, password) = match &address {
        Some(_) => (env::var("TOKEN_KEY")?, env::var("PASSWORD")?),
        None => (
            "n2v8w0qYx7Jk4tR9sLm3eZ6uBh1cPd5a".to_owned(),
            "open sesame".to_owned(),
        ),
    };
    let issuer = Issuer::builder(key)
        .access_lifetime(access)
        .refresh_lifetime(refresh)
        .user(1, "api", &password)
        .build()?;
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let base = format!("http://{}", listener.local_addr()?);
    println!("POST {base}/service/Auth");
    let app = Router::new().route_service("/service/Auth", issuer);
    if address.is_some() {
        axum::serve(listener, app).await?;
        return Ok(());
    }

    tokio::spawn(async move { axum::serve(listener, app).await });
    let bottom = GraphQlService::new(Hyper::builder(TokioExecutor::new()).build_http());
    let login = GraphQlLogin::collective_access(&base, "api", password, bottom).build()?;
    let token = TokenAuth::bearer(login).cache().get().await?;
    println!("a token of {} characters", token.access().expose().len());
    Ok(())
}
