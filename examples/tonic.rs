//! A tonic channel, with the service written by hand instead of generated: `cargo run --example tonic`.

use axum::{Router, extract::Request, response::Response, routing::post};
use bytes::{Buf, BufMut};
use examples::{BoxError, KEY, PASSWORD, Server, USER, check};
use http::uri::PathAndQuery;
use std::error::Error as _;
use tonic::{
    Code, Status,
    client::{Grpc, GrpcService},
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{self, Endpoint},
};
use tower::{Layer, service_fn};
use tower_auth::{Basic, Error, ErrorKind, HeaderApiKey, SchemeExt};

const METHOD: &str = "/examples.Greeter/Greet";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let server = Server::serve(Router::new().route(METHOD, post(greet))).await?;

    // One origin for all three: a channel goes to its endpoint, whatever the URI says that the layers judge.
    let origin = server.origin().clone();
    let channel = Endpoint::from(origin.clone()).connect().await?;
    let auth = Basic::new(USER, PASSWORD)? + HeaderApiKey::new(KEY)?;
    let stack = auth.only_to(&origin)?.layer(channel.clone());

    // A generated client has `with_origin`, too.
    let greeting = call(Grpc::with_origin(stack.clone(), origin.clone())).await?;
    println!("with layers: {greeting}");
    if greeting != "Hello tonic!" {
        return Err("expected a greeting".into());
    }

    match call(Grpc::with_origin(channel, origin)).await {
        Err(status) if status.code() == Code::Unauthenticated => {
            println!("without layers: {}", status.message());
        }
        other => return Err(format!("expected Unauthenticated, got {other:?}").into()),
    }

    // The channel would know where to go; the layers do not. Their error is the source of the status.
    let status = call(Grpc::new(stack)).await.err();
    let error = status.as_ref().and_then(|status| status.source());
    match error.and_then(|error| error.downcast_ref()) {
        Some(Error::<transport::Error>::Auth(error)) if error.kind() == ErrorKind::NoOrigin => {
            println!("without origin: {error}");
        }
        _ => return Err(format!("expected `NoOrigin`, got {status:?}").into()),
    }
    Ok(())
}

/// What the method of a generated client does.
async fn call<T>(mut client: Grpc<T>) -> Result<String, Status>
where
    T: GrpcService<tonic::body::Body, ResponseBody: Send + 'static>,
    <T::ResponseBody as http_body::Body>::Error: Into<BoxError>,
{
    let ready = client.ready().await;
    ready.map_err(|error| Status::from_error(error.into()))?;
    let name = tonic::Request::new("tonic".to_owned());
    let path = PathAndQuery::from_static(METHOD);
    Ok(client.unary(name, path, Text).await?.into_inner())
}

/// The server: an ordinary axum handler that hands over to tonic's server half.
async fn greet(request: Request) -> Response {
    if let Err(missing) = check(request.headers()) {
        let status = Status::unauthenticated(format!("called without {missing}"));
        return status.into_http::<axum::body::Body>();
    }
    let greet = service_fn(async |request: tonic::Request<String>| {
        let greeting = format!("Hello {}!", request.into_inner());
        Ok(tonic::Response::new(greeting))
    });
    let response = tonic::server::Grpc::new(Text).unary(greet, request).await;
    response.map(axum::body::Body::new)
}

/// Messages that are plain text, where others have Protocol Buffers.
#[derive(Clone, Copy, Default)]
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let text = buffer.copy_to_bytes(buffer.remaining());
        let text = String::from_utf8(text.into());
        text.map(Some)
            .map_err(|_| Status::internal("the message is not UTF-8"))
    }
}
