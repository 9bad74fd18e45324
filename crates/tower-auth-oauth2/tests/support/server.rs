//! An authorization server and a resource server, on loopback.

use axum::{
    Form, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

/// Issues `access-1`, `access-2` … and `refresh-1`, `refresh-2` …, and knows which of them are good.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<State_>>);

#[derive(Default)]
struct State_ {
    issued: u32,
    good: HashSet<String>,
    refresh: Option<String>,
    token_requests: Vec<String>,
    api_requests: u32,
    lifetime: Option<u32>,
    broken: bool,
    challenge: Option<(u16, &'static str)>,
}

impl Server {
    /// Starts it; gives its origin.
    pub(crate) async fn start(&self) -> String {
        let router = Router::new()
            .route("/token", post(token))
            .route("/api", get(api).post(api))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        origin
    }

    /// `expires_in` of what is issued from now on.
    pub(crate) fn lifetime(&self, seconds: u32) {
        self.0.lock().unwrap().lifetime = Some(seconds);
    }

    /// No token is good any more.
    pub(crate) fn revoke_all(&self) {
        self.0.lock().unwrap().good.clear();
    }

    /// The token endpoint answers 503.
    pub(crate) fn break_down(&self, broken: bool) {
        self.0.lock().unwrap().broken = broken;
    }

    /// The API refuses every token like this.
    pub(crate) fn refuse_with(&self, status: u16, challenge: &'static str) {
        self.0.lock().unwrap().challenge = Some((status, challenge));
    }

    /// The grant types of all token requests.
    pub(crate) fn token_requests(&self) -> Vec<String> {
        self.0.lock().unwrap().token_requests.clone()
    }

    pub(crate) fn api_requests(&self) -> u32 {
        self.0.lock().unwrap().api_requests
    }
}

async fn token(
    State(server): State<Server>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut state = server.0.lock().unwrap();
    let grant = form.get("grant_type").cloned().unwrap_or_default();
    state.token_requests.push(grant.clone());
    if state.broken {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if grant == "refresh_token" && state.refresh != form.get("refresh_token").cloned() {
        return (StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#).into_response();
    }
    state.issued += 1;
    let (access, refresh) = (
        format!("access-{}", state.issued),
        format!("refresh-{}", state.issued),
    );
    state.good.insert(access.clone());
    state.refresh = Some(refresh.clone());
    let lifetime = state.lifetime.unwrap_or(3600);
    format!(
        r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":{lifetime},"refresh_token":"{refresh}"}}"#
    )
    .into_response()
}

async fn api(State(server): State<Server>, headers: HeaderMap) -> Response {
    let mut state = server.0.lock().unwrap();
    state.api_requests += 1;
    if let Some((status, challenge)) = state.challenge {
        return (
            StatusCode::from_u16(status).unwrap(),
            [(WWW_AUTHENTICATE, challenge)],
        )
            .into_response();
    }
    let token = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default();
    if state.good.contains(token) {
        token.to_owned().into_response()
    } else {
        (
            StatusCode::UNAUTHORIZED,
            [(WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)],
        )
            .into_response()
    }
}
