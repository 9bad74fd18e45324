//! A query that graphql_client makes of a document, checked against a schema when it is compiled.
//!
//!     cargo run -p tower-auth-graphql --example graphql_client_query

mod server;

use graphql_client::GraphQLQuery;
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use server::BoxError;
use tower_auth_core::Bearer;
use tower_auth_graphql::Client;

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "examples/hello.graphql",
    query_path = "examples/hello_query.graphql",
    response_derives = "Debug"
)]
struct Hello;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let client = Client::builder(server::start().await?)?
        .auth(Bearer::new(server::TOKEN)?)?
        .build(Hyper::builder(TokioExecutor::new()).build_http());

    let body = Hello::build_query(hello::Variables {
        name: Some("graphql_client".to_owned()),
    });
    println!("{}", body.query);
    let data = client
        .operation(&body)
        .data::<hello::ResponseData>()
        .await?;
    println!("{data:?}");
    if data.hello != "hello graphql_client" {
        return Err("that is not what was asked for".into());
    }
    Ok(())
}
