//! The servers of the quickstart: one that checks credentials and says what it saw, one that redirects elsewhere.

use crate::BoxError;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header::AUTHORIZATION},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "open sesame";
pub(crate) const HEADER_KEY: &str = "header-key-1";
pub(crate) const QUERY_KEY: &str = "query key & more";
pub(crate) const TOKEN: &str = "mF_9.B5f-4.1JqM";

/// Two servers, so two origins: the ports differ.
pub(crate) struct Servers {
    /// `GET /<wanted>` answers 401 unless it sees the wanted credentials, and always says what it saw.
    pub(crate) checker: String,
    /// Redirects to the checker's `/nothing`.
    pub(crate) redirector: String,
    redirector_saw: Seen,
}

/// What was seen, and the status of the answer.
type Seen = Arc<Mutex<Option<(String, String)>>>;

impl Servers {
    pub(crate) async fn start() -> Result<Self, BoxError> {
        let checker = serve(Router::new().route("/{wanted}", get(check))).await?;
        let redirector_saw = Seen::default();
        let app = Router::new()
            .route("/", get(redirect))
            .with_state((Arc::clone(&redirector_saw), format!("{checker}/nothing")));
        Ok(Self {
            checker,
            redirector: serve(app).await?,
            redirector_saw,
        })
    }

    /// What the redirector saw of the last request, and how it answered.
    pub(crate) fn redirector_saw(&self) -> (String, String) {
        let saw = self.redirector_saw.lock().expect("nobody panics with it");
        saw.clone().unwrap_or_default()
    }
}

/// Starts a server on a free port of this machine and tells its origin.
pub(crate) async fn serve(app: Router) -> Result<String, BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(origin)
}

async fn check(Path(wanted): Path<String>, uri: Uri, headers: HeaderMap) -> (StatusCode, String) {
    let saw = saw(&uri, &headers);
    let wanted = match wanted.as_str() {
        "nothing" => "",
        "basic" => "Basic alice",
        "header" => "X-API-Key",
        "query" => "api_key",
        "bearer" => "Bearer",
        "sum" => "Basic alice + X-API-Key + api_key",
        _ => return (StatusCode::NOT_FOUND, saw),
    };
    if saw == wanted {
        (StatusCode::OK, saw)
    } else {
        (StatusCode::UNAUTHORIZED, saw)
    }
}

async fn redirect(
    State((last, target)): State<(Seen, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let response = Redirect::temporary(&target).into_response();
    let status = response.status().as_u16().to_string();
    *last.lock().expect("nobody panics with it") = Some((saw(&uri, &headers), status));
    response
}

/// The names of the credentials on a request, each only when it is right.
fn saw(uri: &Uri, headers: &HeaderMap) -> String {
    let mut saw = Vec::new();
    if let Some(value) = headers.get(AUTHORIZATION) {
        let basic = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
        if value.as_bytes() == basic.as_bytes() {
            saw.push("Basic alice");
        } else if value.as_bytes() == format!("Bearer {TOKEN}").as_bytes() {
            saw.push("Bearer");
        } else {
            saw.push("an Authorization that is wrong");
        }
    }
    if let Some(value) = headers.get("x-api-key") {
        let right = value.as_bytes() == HEADER_KEY.as_bytes();
        saw.push(if right {
            "X-API-Key"
        } else {
            "an X-API-Key that is wrong"
        });
    }
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()) {
        if name == "api_key" {
            let right = value == QUERY_KEY;
            saw.push(if right {
                "api_key"
            } else {
                "an api_key that is wrong"
            });
        }
    }
    saw.join(" + ")
}
