//! Everything against a real server: async-graphql on axum.
#![cfg(all(feature = "uploads", feature = "persisted"))]

mod support;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::atomic::Ordering::SeqCst;
use support::{graphql_server, http};
use tower_auth_core::{Bearer, HeaderApiKey, RequestAuth};
use tower_auth_graphql::{AuthFailure, Client, ErrorKind, GraphQlService, Request, Upload};

#[derive(Debug, Deserialize, PartialEq)]
struct Hello {
    hello: String,
}

#[tokio::test]
async fn a_query_with_variables_is_decoded() {
    let (endpoint, shared) = graphql_server(false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    let response = client
        .query("query H($n: String) { hello(name: $n) } query Other { fails }")
        .operation_name("H")
        .variables(json!({"n": "you"}))
        .send::<Hello>()
        .await
        .unwrap();
    assert_eq!(
        response.data,
        Some(Hello {
            hello: "hello you".to_owned()
        })
    );
    assert!(response.errors.is_empty());
    assert_eq!(shared.header("content-type").unwrap(), "application/json");
    let accept = shared.header("accept").unwrap();
    assert!(
        accept.starts_with("application/graphql-response+json"),
        "{accept}"
    );
}

#[tokio::test]
async fn partial_data_come_with_their_errors() {
    let (endpoint, _) = graphql_server(false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    let response = client
        .query("{ hello fails }")
        .send::<Value>()
        .await
        .unwrap();
    assert_eq!(
        response.data.unwrap(),
        json!({"hello": "hello world", "fails": null})
    );
    assert_eq!(response.errors[0].message, "it fails");
    assert_eq!(response.errors[0].path, ["fails"]);
    assert!(response.errors[0].locations[0].column > 0);

    let error = client
        .query("{ hello fails }")
        .data::<Value>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::GraphQl);
    assert_eq!(error.errors().len(), 1);
    let error = client
        .query("{ nothing }")
        .data::<Value>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::GraphQl);
    let error = client
        .query("{ hello }")
        .data::<Vec<u8>>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn operation_name_variables_and_extensions_are_what_the_specification_says() {
    let (mut sent, service) = tower_recorder();
    let client = Client::over("http://127.0.0.1/graphql", service).unwrap();
    let call = client
        .query("query A { a } query B { b }")
        .operation_name("B")
        .variables(json!({"x": [1, null]}))
        .request_extension("trace", json!({"id": 7}));
    call.send::<Value>().await.unwrap();
    assert_eq!(
        sent.recv().await.unwrap(),
        json!({"query": "query A { a } query B { b }", "operationName": "B",
            "variables": {"x": [1, null]}, "extensions": {"trace": {"id": 7}}})
    );
    client.query("{ a }").send::<Value>().await.unwrap();
    assert_eq!(sent.recv().await.unwrap(), json!({"query": "{ a }"}));
}

/// A stack that tells the JSON of what it is sent, and answers with no fields.
fn tower_recorder() -> (
    tokio::sync::mpsc::UnboundedReceiver<Value>,
    impl tower_service::Service<
        http::Request<tower_auth_graphql::Body>,
        Response = http::Response<tower_auth_graphql::Reply>,
        Error = tower_auth_graphql::Error,
    > + Clone,
) {
    use http_body_util::{BodyExt as _, Full};
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let http = tower::service_fn(move |request: http::Request<tower_auth_graphql::Body>| {
        let sender = sender.clone();
        async move {
            let json = request.into_body().collect().await?.to_bytes();
            sender.send(serde_json::from_slice(&json)?)?;
            let mut response = http::Response::new(Full::<Bytes>::from("{\"data\":{}}"));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert("content-type", json);
            Ok::<_, tower_auth_graphql::BoxError>(response)
        }
    });
    (receiver, GraphQlService::new(http))
}

#[tokio::test]
async fn a_mutation_runs_once() {
    let (endpoint, shared) = graphql_server(false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    let data = client
        .query("mutation { count }")
        .data::<Value>()
        .await
        .unwrap();
    assert_eq!(data, json!({"count": 1}));
    assert_eq!(shared.mutations.load(SeqCst), 1);
}

#[tokio::test]
async fn queries_go_by_get_and_mutations_by_post() {
    let (endpoint, shared) = graphql_server(false).await;
    let client = Client::builder(endpoint)
        .unwrap()
        .get_queries(2047)
        .build(http());
    let query = "query($n: String) { hello(name: $n) }";
    let data = client
        .query(query)
        .variables(json!({"n": "ü &=+"}))
        .data::<Hello>()
        .await
        .unwrap();
    assert_eq!(data.hello, "hello ü &=+");
    assert_eq!(*shared.last_method.lock().unwrap(), "GET");
    client
        .query("mutation { count }")
        .data::<Value>()
        .await
        .unwrap();
    assert_eq!(*shared.last_method.lock().unwrap(), "POST");
    let error = client
        .query("mutation { count }")
        .get()
        .data::<Value>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(shared.mutations.load(SeqCst), 1);
}

#[tokio::test]
async fn a_persisted_query_is_sent_whole_only_once() {
    let (endpoint, shared) = graphql_server(true).await;
    let client = Client::builder(endpoint)
        .unwrap()
        .persisted_queries()
        .build(http());
    for expected in [2, 3, 4] {
        let data = client.query("{ hello }").data::<Hello>().await.unwrap();
        assert_eq!(data.hello, "hello world");
        assert_eq!(shared.requests.load(SeqCst), expected);
    }
}

#[tokio::test]
async fn a_server_without_persisted_queries_is_sent_documents_again() {
    let (endpoint, shared) = graphql_server(false).await;
    let client = Client::builder(endpoint)
        .unwrap()
        .persisted_queries()
        .build(http());
    // This server takes a hash without a document for an empty document, and is sent hashes no more.
    for expected in [2, 3] {
        let data = client.query("{ hello }").data::<Hello>().await.unwrap();
        assert_eq!(data.hello, "hello world");
        assert_eq!(shared.requests.load(SeqCst), expected);
    }

    let not_supported = br#"{"errors":[{"message":"PersistedQueryNotSupported"}]}"#;
    let answer = support::answer(200, "application/json", not_supported);
    let client = Client::builder(support::raw_server(answer, true).await).unwrap();
    let client = client.persisted_queries().build(http());
    for _ in 0..2 {
        let response = client.query("{ hello }").send::<Value>().await.unwrap();
        assert_eq!(response.errors[0].message, "PersistedQueryNotSupported");
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_order() {
    let (endpoint, shared) = graphql_server(false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    let requests = [
        Request::new("{ hello }"),
        Request::new("{ fails }"),
        Request::new("query($n: String) { hello(name: $n) }")
            .variables(json!({"n": "b"}))
            .unwrap(),
    ];
    let responses = client.batch(requests).send().await.unwrap();
    assert_eq!(shared.requests.load(SeqCst), 1);
    assert_eq!(responses.len(), 3);
    assert_eq!(responses[1].errors[0].message, "it fails");
    let last: Hello = responses[2].data.as_ref().unwrap().decode().unwrap();
    assert_eq!(last.hello, "hello b");
    assert!(client.batch([]).send().await.unwrap().is_empty());
}

#[tokio::test]
async fn files_are_uploaded_several_at_once_and_one_into_several_places() {
    let (endpoint, _) = graphql_server(false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    let upload = Upload::bytes("text")
        .file_name("ü \"x\".txt")
        .content_type("text/plain")
        .unwrap();
    let data = client
        .query("mutation($f: Upload!) { upload(file: $f) }")
        .upload("variables.f", upload)
        .data::<Value>()
        .await
        .unwrap();
    assert_eq!(data["upload"], "ü %22x%22.txt text/plain text");

    // A stream of unknown size, three chunks of 100 KiB; and bytes that fill two places.
    let stream = Upload::open(None, || Chunks(3));
    let data = client
        .query("mutation($f: [Upload!]!) { uploads(files: $f) }")
        .variables(json!({"f": [null, null, null]}))
        .upload("variables.f.0", stream)
        .upload_at(["variables.f.1", "variables.f.2"], Upload::bytes("12345"))
        .data::<Value>()
        .await
        .unwrap();
    assert_eq!(data["uploads"], json!([307_200, 5, 5]));
}

#[tokio::test]
async fn the_boundary_of_a_form_wins_over_a_content_type_of_the_caller() {
    let (endpoint, _) = graphql_server(false).await;
    let json = HeaderValue::from_static("application/json");
    let client = Client::builder(endpoint).unwrap().build(http());
    let call = client
        .query("mutation($f: Upload!) { upload(file: $f) }")
        .header(http::header::CONTENT_TYPE, json)
        .upload("variables.f", Upload::bytes("x"));
    let data = call.data::<Value>().await.unwrap();
    assert_eq!(data["upload"], "file application/octet-stream x");
}

#[cfg(all(feature = "events", feature = "incremental"))]
#[tokio::test]
async fn files_go_along_when_the_answer_is_to_be_a_stream() {
    let (endpoint, _) = graphql_server(false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    let call = || {
        client
            .query("mutation($f: Upload!) { upload(file: $f) }")
            .upload("variables.f", Upload::bytes("x"))
    };
    let expected = json!({"upload": "file application/octet-stream x"});
    let stream = call().stream().await.unwrap();
    let response = stream.finish::<Value>().await.unwrap();
    assert_eq!(response.data.unwrap(), expected);
    let mut events = call().subscribe().await.unwrap();
    let response = events.next().await.unwrap().unwrap();
    let data: Value = response.into_data().unwrap().decode().unwrap();
    assert_eq!(data, expected);
}

/// A file in a place of this test's own.
#[cfg(feature = "files")]
fn file(name: &str, content: &[u8]) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("graphql-uploads");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[cfg(feature = "files")]
#[tokio::test]
async fn a_file_on_disk_is_streamed_under_its_name() {
    let (endpoint, shared) = graphql_server(false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    let path = file("ü notes.txt", b"from disk");
    let upload = Upload::file(path).await.unwrap();
    let upload = upload.content_type("text/plain").unwrap();
    let data = client
        .query("mutation($f: Upload!) { upload(file: $f) }")
        .upload("variables.f", upload)
        .data::<Value>()
        .await
        .unwrap();
    assert_eq!(data["upload"], "ü notes.txt text/plain from disk");
    // Its size is known, so nothing is chunked.
    assert!(shared.header("content-length").is_some());

    let large = file("large", &[b'x'; 300_001]);
    let empty = file("empty", b"");
    let grown = file("grown", b"12345");
    let uploads = [&large, &empty, &grown].map(|path| Upload::file(path.clone()));
    let mut call = client
        .query("mutation($f: [Upload!]!) { uploads(files: $f) }")
        .variables(json!({"f": [null, null, null]}));
    for (index, upload) in uploads.into_iter().enumerate() {
        call = call.upload(format!("variables.f.{index}"), upload.await.unwrap());
    }
    file("grown", b"1234567890");
    let data = call.data::<Value>().await.unwrap();
    assert_eq!(data["uploads"], json!([300_001, 0, 5]));
}

#[cfg(feature = "files")]
#[tokio::test]
async fn a_file_that_cannot_be_sent_is_an_error_of_the_request_and_not_of_the_network() {
    let (endpoint, _) = graphql_server(false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    for path in [env!("CARGO_TARGET_TMPDIR"), "no/such/file", "/dev/null"] {
        let error = Upload::file(path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(error.to_string().contains(path), "{error}");
    }
    for (name, removed) in [("shrinks", false), ("vanishes", true)] {
        let path = file(name, &[b'x'; 200_000]);
        let upload = Upload::file(path.clone()).await.unwrap();
        if removed {
            std::fs::remove_file(path).unwrap();
        } else {
            file(name, &[b'x'; 100_000]);
        }
        let call = client
            .query("mutation($f: Upload!) { upload(file: $f) }")
            .upload("variables.f", upload);
        let error = call.data::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{error:?}");
    }
}

struct Chunks(usize);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        if self.0 == 0 {
            return std::task::Poll::Ready(None);
        }
        self.0 -= 1;
        let chunk = Bytes::from(vec![b'x'; 102_400]);
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(chunk))))
    }
}

#[tokio::test]
async fn headers_of_the_call_win_over_the_request_the_scheme_and_the_client() {
    let (endpoint, shared) = graphql_server(false).await;
    let auth = Bearer::new("scheme").unwrap() + HeaderApiKey::new("key").unwrap();
    let client = Client::builder(endpoint)
        .unwrap()
        .header(
            http::header::AUTHORIZATION,
            HeaderValue::from_static("client"),
        )
        .header(
            HeaderName::from_static("x-other"),
            HeaderValue::from_static("client"),
        )
        .auth(auth)
        .unwrap()
        .build(http());
    let authorization = || shared.header("authorization").unwrap();
    let value = HeaderValue::from_static;

    client.query("{ hello }").data::<Value>().await.unwrap();
    assert_eq!(authorization(), "Bearer scheme");
    assert_eq!(shared.header("x-other").unwrap(), "client");

    let request =
        || Request::new("{ hello }").header(http::header::AUTHORIZATION, value("request"));
    client.request(request()).data::<Value>().await.unwrap();
    assert_eq!(authorization(), "request");
    assert_eq!(shared.header("x-api-key").unwrap(), "key");

    let call = client
        .request(request())
        .header(http::header::AUTHORIZATION, value("call"));
    call.data::<Value>().await.unwrap();
    assert_eq!(authorization(), "call");

    let user = RequestAuth::new(Bearer::new("user").unwrap());
    client
        .query("{ hello }")
        .auth(user)
        .data::<Value>()
        .await
        .unwrap();
    assert_eq!(authorization(), "Bearer user");
    assert_eq!(shared.header("x-api-key"), None);

    client
        .query("{ hello }")
        .no_auth()
        .data::<Value>()
        .await
        .unwrap();
    assert_eq!(authorization(), "client");
}

#[tokio::test]
async fn credentials_go_to_the_origin_of_the_endpoint_only() {
    let (endpoint, shared) = graphql_server(false).await;
    let other = endpoint.replace("127.0.0.1", "localhost");
    let scheme = Bearer::new("t").unwrap();
    let client = Client::builder(other)
        .unwrap()
        .auth(scheme)
        .unwrap()
        .build(http());
    // The stack of a client whose endpoint is elsewhere.
    let stack = client.get_ref().clone();
    let client = Client::over(endpoint, stack).unwrap();
    client.query("{ hello }").data::<Value>().await.unwrap();
    assert_eq!(shared.header("authorization"), None);
}

#[test]
fn an_endpoint_in_the_clear_at_another_machine_is_refused_when_credentials_are_given() {
    let builder = || Client::builder("http://api.example.com/graphql").unwrap();
    let error = builder().auth(Bearer::new("t").unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Unavailable));
    assert_eq!(error.auth_error().unwrap().parameter(), Some("origin"));
    assert!(
        error.to_string().contains("danger_allow_plaintext"),
        "{error}"
    );
    let told = builder().danger_allow_plaintext();
    assert!(told.auth(Bearer::new("t").unwrap()).is_ok());
    let here = Client::builder("http://localhost:8080/graphql").unwrap();
    assert!(here.auth(Bearer::new("t").unwrap()).is_ok());
}

/// A layer above the service that follows redirects, and carries everything on.
#[tokio::test]
async fn headers_of_a_call_do_not_follow_a_redirect_to_another_origin() {
    use axum::{Router, response::Redirect, routing::post};
    use tower::ServiceBuilder;
    use tower_http::follow_redirect::{FollowRedirectLayer, policy};
    let (elsewhere, shared) = graphql_server(false).await;
    let there = format!(
        "{}?query=%7Bhello%7D",
        elsewhere.replace("127.0.0.1", "localhost")
    );
    let app = Router::new().route(
        "/graphql",
        post(move || async move { Redirect::to(&there) }),
    );
    let endpoint = format!("{}/graphql", support::serve(app).await);
    let client = Client::over(
        endpoint,
        ServiceBuilder::new()
            .layer(FollowRedirectLayer::with_policy(policy::Limited::new(1)))
            .service(GraphQlService::new(http())),
    );
    let key = HeaderName::from_static("x-api-key");
    let client = client.unwrap();
    let call = client
        .query("{ hello }")
        .header(key, "secret".parse().unwrap());
    let call = call.header(http::header::AUTHORIZATION, "Bearer own".parse().unwrap());
    assert_eq!(call.data::<Hello>().await.unwrap().hello, "hello world");
    assert_eq!(shared.header("x-api-key"), None);
    assert_eq!(shared.header("authorization"), None);
}

#[tokio::test]
async fn an_auth_failure_in_a_200_is_told_from_other_errors() {
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = Client::builder(endpoint).unwrap().build(http());
    let response = client
        .query("{ hello secret }")
        .send::<Value>()
        .await
        .unwrap();
    assert_eq!(response.auth_failure, Some(AuthFailure::Refused));
    assert_eq!(response.data.as_ref().unwrap()["hello"], "hello world");
    let error = response.into_data().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
}

#[tokio::test]
async fn the_service_works_below_any_layers() {
    use tower::{ServiceBuilder, ServiceExt as _};
    let (endpoint, shared) = graphql_server(false).await;
    let stack = ServiceBuilder::new()
        .timeout(std::time::Duration::from_secs(5))
        .concurrency_limit(10)
        .layer(Bearer::new("t").unwrap())
        .service(GraphQlService::new(http()));
    let stack = tower::util::BoxCloneSyncService::new(stack.map_response(|response| response));
    let client = Client::over(endpoint, stack).unwrap();
    let data = client.query("{ hello }").data::<Hello>().await.unwrap();
    assert_eq!(data.hello, "hello world");
    assert_eq!(shared.header("authorization").unwrap(), "Bearer t");
}

#[tokio::test]
async fn a_query_body_of_graphql_client_is_sent_as_it_is() {
    let (endpoint, _) = graphql_server(false).await;
    let client = Client::builder(endpoint).unwrap().build(http());
    let operation = graphql_client::QueryBody {
        variables: json!({"n": "there"}),
        query: "query Greet($n: String) { hello(name: $n) }",
        operation_name: "Greet",
    };
    let data = client.operation(&operation).data::<Hello>().await.unwrap();
    assert_eq!(data.hello, "hello there");
}

#[allow(missing_docs, missing_debug_implementations, unreachable_pub)] // made by cynic
mod schema {
    cynic::use_schema!("examples/hello.graphql");
}

#[derive(cynic::QueryVariables)]
struct Greeted {
    name: Option<String>,
}

#[derive(cynic::QueryFragment)]
#[cynic(
    schema_path = "examples/hello.graphql",
    graphql_type = "Query",
    variables = "Greeted"
)]
struct Greeting {
    #[arguments(name: $name)]
    hello: String,
}

#[tokio::test]
async fn an_operation_of_cynic_is_sent_as_it_is_and_decodes_into_its_type() {
    use cynic::QueryBuilder as _;

    let (endpoint, shared) = graphql_server(false).await;
    let http = http();
    let client = Client::builder(endpoint.clone())
        .unwrap()
        .build(http.clone());
    let operation = Greeting::build(Greeted {
        name: Some("cynic".to_owned()),
    });
    let data = client.operation(&operation).data::<Greeting>().await;
    assert_eq!(data.unwrap().hello, "hello cynic");

    let client = Client::builder(endpoint)
        .unwrap()
        .get_queries(2047)
        .build(http);
    let data = client.operation(&operation).data::<Greeting>().await;
    assert_eq!(data.unwrap().hello, "hello cynic");
    assert_eq!(*shared.last_method.lock().unwrap(), "GET");
}
