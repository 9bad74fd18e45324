//! A token endpoint that answers as it is told and remembers what it was sent.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tower::service_fn;
use tower_auth_oauth2::{Body, HttpClient};

pub(crate) type Sent = Request<Bytes>;

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Sent>>>);

impl Log {
    /// What was sent, in order.
    pub(crate) fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.0.lock().expect("no case panics while it is held"))
    }
}

/// A client of a server that answers like this.
pub(crate) fn answering(
    answer: impl Fn(&Sent) -> Response<Bytes> + Clone + Send + Sync + 'static,
) -> (HttpClient, Log) {
    let log = Log::default();
    let kept = log.clone();
    let service = service_fn(move |request: Request<Body>| {
        let (answer, log) = (answer.clone(), kept.clone());
        async move {
            let (parts, body) = request.into_parts();
            let Ok(body) = body.collect().await;
            let sent = Request::from_parts(parts, body.to_bytes());
            let response = answer(&sent).map(Full::new);
            log.0
                .lock()
                .expect("no case panics while it is held")
                .push(sent);
            Ok::<_, Infallible>(response)
        }
    });
    (HttpClient::new(service), log)
}

/// An answer with JSON.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    response
}

/// The fields of a form, decoded, in order.
pub(crate) fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

pub(crate) fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| &**value)
}
