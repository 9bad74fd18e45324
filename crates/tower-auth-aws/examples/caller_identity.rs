//! Asks STS who the credentials of the default chain belong to: `GetCallerIdentity`.
//!
//! ```text
//! cargo run -p tower-auth-aws --features rustls --example caller_identity
//! ```
//!
//! With `AWS_ENDPOINT_URL_STS` it asks another STS than that of the region.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{env, error::Error};
use tower::{Layer, ServiceExt};
use tower_auth_aws::{
    SigV4,
    credentials::{CachedCredentials, DefaultChain, ProviderContext, region},
};
use tower_auth_core::SchemeExt;

type BoxError = Box<dyn Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    match caller_identity().await {
        Ok(arn) => println!("{arn}"),
        Err(error) => {
            let mut cause: Option<&dyn Error> = Some(&*error);
            while let Some(error) = cause {
                eprintln!("{error}");
                cause = error.source();
            }
            std::process::exit(1);
        }
    }
}

async fn caller_identity() -> Result<String, BoxError> {
    let context = ProviderContext::new();
    let region = region(&context).await?;
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    let origin = env::var("AWS_ENDPOINT_URL_STS")
        .unwrap_or_else(|_| format!("https://sts.{region}.amazonaws.com"));

    let chain = CachedCredentials::new(DefaultChain::new(&context));
    let client = SigV4::new("sts", &region, chain)?
        .only_to(origin.as_str())?
        .layer(http()?);

    let request = Request::post(format!("{origin}/"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::from("Action=GetCallerIdentity&Version=2011-06-15"))?;
    let response = client.oneshot(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), 64 * 1024);
    let body = body.collect().await?.to_bytes();
    let arn = std::str::from_utf8(&body)?
        .split_once("<Arn>")
        .and_then(|(_, rest)| rest.split_once("</Arn>"))
        .filter(|_| status.is_success());
    match arn {
        Some((arn, _)) => Ok(arn.to_owned()),
        None => Err(format!("STS answered with status {status}").into()),
    }
}

#[cfg(not(feature = "rustls"))]
fn http() -> Result<Client<HttpConnector, Full<Bytes>>, BoxError> {
    Ok(Client::builder(TokioExecutor::new()).build_http())
}

#[cfg(feature = "rustls")]
fn http() -> Result<Client<hyper_rustls::HttpsConnector<HttpConnector>, Full<Bytes>>, BoxError> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}
