//! The stack behind a type that can be named.

use crate::{hyper::client, server::Server, stack};
use axum::body::Body;
use http::{Request, Response, StatusCode};
use hyper_util::client::legacy;
use tower::{ServiceExt, util::BoxCloneSyncService};
use tower_auth::Error;

/// Needs no `dyn Error`: the error of the client is still there.
type Boxed = BoxCloneSyncService<Request<Body>, Response<axum::body::Body>, Error<legacy::Error>>;

fn shared<T: Clone + Send + Sync + 'static>(value: T) -> T {
    value
}

#[tokio::test]
async fn a_boxed_stack_is_shared_by_tasks() {
    let server = Server::echo().await;
    let client = stack(&server.origin, client::<Body>()).map_response(|r| r.map(Body::new));
    let boxed: Boxed = shared(BoxCloneSyncService::new(client));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let request = Request::get(server.uri("/")).body(Body::empty()).unwrap();
            tokio::spawn(boxed.clone().oneshot(request))
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 4);
    for seen in seen {
        seen.assert_credentials();
    }
}

#[tokio::test]
async fn a_boxed_stack_still_tells_errors_apart() {
    let origin = crate::server::nobody().await;
    let client = stack(&origin, client::<Body>()).map_response(|r| r.map(Body::new));
    let boxed: Boxed = BoxCloneSyncService::new(client);
    let request = Request::get(origin).body(Body::empty()).unwrap();
    let error = boxed.oneshot(request).await.unwrap_err();
    assert!(
        matches!(&error, Error::Inner(e) if e.is_connect()),
        "{error:?}"
    );
}
