//! A tonic channel, against tonic's server half inside axum.

use crate::{
    server::{Server, nobody},
    stack,
};
use ::tonic::{
    Request, Response, Status,
    body::Body,
    client::{Grpc, GrpcService},
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{self, Channel, Endpoint},
};
use axum::Router;
use bytes::{Buf, BufMut, Bytes};
use http::{Uri, uri::PathAndQuery};
use std::error::Error as _;
use tower::{BoxError, ServiceExt, service_fn};
use tower_auth::{Error, ErrorKind};

/// Messages that are bytes, as they are.
#[derive(Clone, Copy, Default)]
pub(crate) struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

pub(crate) const METHOD: &str = "/echo.Echo/Say";

async fn server() -> Server {
    Server::new(Router::new().route(METHOD, axum::routing::post(echo))).await
}

pub(crate) async fn echo(request: axum::extract::Request) -> http::Response<Body> {
    let echo = service_fn(async |request: Request<Bytes>| Ok(Response::new(request.into_inner())));
    ::tonic::server::Grpc::new(Raw).unary(echo, request).await
}

pub(crate) fn channel(origin: &Uri) -> Channel {
    Endpoint::from(origin.clone()).connect_lazy()
}

/// What a generated client does.
pub(crate) async fn say<T>(mut client: Grpc<T>) -> Result<Bytes, Status>
where
    T: GrpcService<Body, ResponseBody: Send + 'static>,
    <T::ResponseBody as http_body::Body>::Error: Into<BoxError>,
{
    let ready = client.ready().await;
    ready.map_err(|error| Status::from_error(error.into()))?;
    let request = Request::new(Bytes::from("hello"));
    let path = PathAndQuery::from_static(METHOD);
    Ok(client.unary(request, path, Raw).await?.into_inner())
}

#[tokio::test]
async fn credentials_arrive() {
    let server = server().await;
    let stack = stack(&server.origin, channel(&server.origin));
    let answer = say(Grpc::with_origin(stack, server.origin.clone())).await;
    assert_eq!(answer.unwrap(), "hello");
    let seen = server.only();
    assert_eq!(seen.target, METHOD);
    assert_eq!(seen.all("content-type"), ["application/grpc"]);
    seen.assert_credentials();
}

#[tokio::test]
async fn a_client_without_an_origin_is_an_error_that_says_so() {
    let server = server().await;
    let stack = stack(&server.origin, channel(&server.origin));
    let status = say(Grpc::new(stack)).await.unwrap_err();
    let error = status
        .source()
        .and_then(|error| error.downcast_ref::<Error<transport::Error>>())
        .unwrap();
    assert_eq!(error.auth().unwrap().kind(), ErrorKind::NoOrigin);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_client_of_another_origin_gets_no_credentials() {
    let server = server().await;
    let stack = stack(&server.origin, channel(&server.origin));
    // A channel goes to its endpoint whatever the URI of the request says.
    let elsewhere = Uri::from_static("https://other.example");
    let answer = say(Grpc::with_origin(stack, elsewhere)).await;
    assert_eq!(answer.unwrap(), "hello");
    server.only().assert_no_credentials();
}

#[tokio::test]
async fn the_error_of_the_channel_keeps_its_type() {
    let origin = nobody().await;
    let stack = stack(&origin, channel(&origin));
    let request = http::Request::post(origin).body(Body::empty()).unwrap();
    let error: Error<transport::Error> = stack.oneshot(request).await.unwrap_err();
    assert!(matches!(&error, Error::Inner(_)), "{error:?}");
}
