//! A stack whose type has a short name, shared by tasks: `cargo run --example boxed`.

use bytes::Bytes;
use examples::{BoxError, KEY, PASSWORD, Server, USER, show};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{ServiceBuilder, ServiceExt, util::BoxCloneSyncService};
use tower_auth::{Basic, HeaderApiKey, SchemeExt};

/// What an application keeps: nobody else has to know which client and which schemes there are.
#[derive(Clone)]
struct Api {
    http: BoxCloneSyncService<Request<Full<Bytes>>, Response<axum::body::Body>, BoxError>,
}

impl Api {
    fn new(origin: &Uri) -> Result<Self, BoxError> {
        let auth = Basic::new(USER, PASSWORD)? + HeaderApiKey::new(KEY)?;
        let stack = ServiceBuilder::new()
            .map_err(BoxError::from)
            .map_response(|response: Response<_>| response.map(axum::body::Body::new))
            .layer(auth.only_to(origin)?)
            .service(Client::builder(TokioExecutor::new()).build_http());
        Ok(Self {
            http: BoxCloneSyncService::new(stack),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let server = Server::start().await?;
    let api = Api::new(server.origin())?;
    let tasks: Vec<_> = (1..=3)
        .map(|number| {
            let (http, uri) = (api.http.clone(), server.uri(&format!("/task/{number}")));
            tokio::spawn(async move {
                let response = http
                    .oneshot(Request::get(uri).body(Full::default())?)
                    .await?;
                show("a task", response, StatusCode::OK).await
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}
