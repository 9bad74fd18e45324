//! Starts real servers on loopback, sends real requests through authenticated clients, and shows what happened.
//!
//!     cargo run --example quickstart
//!
//! One row a request: what was asked of the client, what the server saw, and the status. The exit code is 0 only when
//! every row is as expected.

mod aws;
mod digest_netrc;
mod graphql;
mod oauth1;
mod oauth2;
mod scope;
mod server;
mod static_schemes;
mod table;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::process::ExitCode;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Body = Full<Bytes>;

/// The client at the bottom of every stack here. Any other tower client would do.
type Http = Client<HttpConnector, Body>;

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let servers = server::Servers::start().await?;
    let http: Http = Client::builder(TokioExecutor::new()).build_http();
    let mut table = table::Table::default();

    static_schemes::run(&http, &servers, &mut table).await?;
    scope::run(&http, &servers, &mut table).await?;
    digest_netrc::run(&http, &servers, &mut table).await?;
    oauth1::run(&http, &mut table).await?;
    oauth2::run(&http, &mut table).await?;
    graphql::run(&mut table).await?;
    aws::run(&http, &mut table).await?;

    Ok(table.print())
}
