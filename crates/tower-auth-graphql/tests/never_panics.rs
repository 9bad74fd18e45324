//! Whatever a server sends, there is an answer or an error.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use proptest::prelude::*;
use serde_json::Value;
use std::convert::Infallible;
use tower_auth_graphql::{AuthDetector, Body, Client, GraphQlService};

const TYPES: [&str; 6] = [
    "text/event-stream",
    "application/json",
    "application/graphql-response+json",
    "multipart/mixed; boundary=-",
    "multipart/mixed",
    "text/html",
];

/// Pieces that often come close to what parsers look for.
fn body() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        Just(&b"{\"data\":{\"a\":1},\"hasNext\":true}"[..]),
        Just(&b"{\"errors\":[{\"message\":\"m\",\"path\":[\"a\"],\"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]"[..]),
        Just(&b",\"data\":{\"a\":null}}"[..]),
        Just(&b"{\"incremental\":[{\"path\":[\"a\"],\"data\":{}}],\"hasNext\":false}"[..]),
        Just(&b"{\"incremental\":[{\"id\":\"0\",\"items\":[1]}],\"pending\":[{\"id\":\"0\",\"path\":[]}]}"[..]),
        Just(&b"\r\n---\r\n"[..]),
        Just(&b"\r\n"[..]),
        Just(&b"-----\r\n"[..]),
        Just(&b"\r\n\r\n"[..]),
        Just(&b"Content-Type: application/json"[..]),
        Just(&b"event: next\ndata: "[..]),
        Just(&b"\n\nevent: complete\n\n"[..]),
        Just(&b"\xef\xbb\xbf"[..]),
        Just(&b"["[..]),
        Just(&b"]"[..]),
        Just(&b"}"[..]),
        Just(&b"\xff"[..]),
    ];
    let piece = prop_oneof![4 => piece.prop_map(<[u8]>::to_vec), 1 => proptest::collection::vec(any::<u8>(), 0..20)];
    proptest::collection::vec(piece, 0..12)
}

fn ask(status: u16, content_type: &'static str, chunks: Vec<Vec<u8>>, document: String) {
    let http = tower::service_fn(move |_: http::Request<Body>| {
        let frames: Vec<_> = chunks
            .iter()
            .map(|chunk| Ok::<_, Infallible>(http_body::Frame::data(Bytes::from(chunk.clone()))))
            .collect();
        let mut response = Response::new(Frames(frames.into_iter()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let service = GraphQlService::new(http).timeout(None).idle_timeout(None);
    #[cfg(feature = "events")]
    let service = service.first_event(None);
    let service = service
        .max_response_size(300)
        .max_part_size(200)
        .auth_detector(AuthDetector::default());
    let client = Client::over("https://h/graphql", service).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let _ = client.query(document.clone()).data::<Value>().await;
        let _ = client
            .batch([tower_auth_graphql::Request::new(document.clone())])
            .send()
            .await;
        #[cfg(feature = "events")]
        if let Ok(mut events) = client.query(document.clone()).subscribe().await {
            while let Some(Ok(_)) = events.next().await {}
        }
        #[cfg(feature = "incremental")]
        if let Ok(stream) = client.query(document).stream().await {
            let _ = stream.finish::<Value>().await;
        }
    });
}

/// A body of these frames.
struct Frames<I>(I);

impl<I> http_body::Body for Frames<I>
where
    I: Iterator<Item = Result<http_body::Frame<Bytes>, Infallible>> + Unpin,
{
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

proptest! {
    #[test]
    fn on_any_answer(
        status in 200_u16..600,
        content_type in proptest::sample::select(&TYPES[..]),
        chunks in body(),
        document in "\\PC{0,40}|(query|mutation) \\{ [a-z.@:\"{}() ]{0,30}",
    ) {
        ask(status, content_type, chunks, document);
    }
}
