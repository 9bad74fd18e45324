//! Asks STS who the credentials of the default chain belong to: `GetCallerIdentity`.
//!
//! ```text
//! cargo run -p tower-auth-aws --features rustls --example caller_identity
//! ```
//!
//! With `AWS_ENDPOINT_URL_STS` it asks another STS than that of the region.

use http::Request;
use std::{env, error::Error};
use tower::{Layer, ServiceExt};
use tower_auth_aws::{
    SigV4,
    credentials::{Body, CachedCredentials, DefaultChain, ProviderContext, region},
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

    // The client that the providers fetch with is a tower service, so it can be signed for like any other.
    let chain = CachedCredentials::new(DefaultChain::new(&context));
    let client = SigV4::new("sts", &region, chain)?
        .only_to(origin.as_str())?
        .layer(context.http_client().clone());

    let request = Request::post(format!("{origin}/"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("Action=GetCallerIdentity&Version=2011-06-15"))?;
    let response = client.oneshot(request).await?;
    let status = response.status();
    let arn = std::str::from_utf8(response.body())?
        .split_once("<Arn>")
        .and_then(|(_, rest)| rest.split_once("</Arn>"))
        .filter(|_| status.is_success());
    match arn {
        Some((arn, _)) => Ok(arn.to_owned()),
        None => Err(format!("STS answered with status {status}").into()),
    }
}
