//! A query that cynic makes of a Rust type, checked against a schema when it is compiled.
//!
//!     cargo run -p tower-auth-graphql --example cynic_operation

mod server;

use cynic::QueryBuilder as _;
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use server::BoxError;
use tower_auth_core::Bearer;
use tower_auth_graphql::Client;

#[allow(missing_docs, missing_debug_implementations, unreachable_pub)] // made by cynic
mod schema {
    cynic::use_schema!("examples/hello.graphql");
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: Option<String>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(
    schema_path = "examples/hello.graphql",
    graphql_type = "Query",
    variables = "Variables"
)]
struct Hello {
    #[arguments(name: $name)]
    hello: String,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let client = Client::builder(server::start().await?)?
        .auth(Bearer::new(server::TOKEN)?)?
        .build(Hyper::builder(TokioExecutor::new()).build_http());

    let operation = Hello::build(Variables {
        name: Some("cynic".to_owned()),
    });
    println!("{}", operation.query);
    let data = client.operation(&operation).data::<Hello>().await?;
    println!("{data:?}");
    if data.hello != "hello cynic" {
        return Err("that is not what was asked for".into());
    }
    Ok(())
}
