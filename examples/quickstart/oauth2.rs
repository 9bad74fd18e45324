//! OAuth 2 client credentials against an embedded authorization server: a token is fetched, kept, renewed when it
//! expires, and replaced when the server revoked it.

use crate::{
    Body, BoxError, Http,
    server::serve,
    table::{Table, outcome},
};
use axum::{
    Form, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::IntoResponse,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Request;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_auth::{
    Clock, Error, HeaderApiKey, SchemeExt,
    clock::ManualClock,
    oauth2::{BearerError, OAuth2, TokenError},
    replay::Cloned,
};

const CLIENT: &str = "s6BhdRkqt3";
const SECRET: &str = "gX1fBat3bV & more";

/// An authorization server and the API that trusts it.
#[derive(Clone, Default)]
struct Embedded(Arc<Mutex<Tokens>>);

#[derive(Default)]
struct Tokens {
    issued: u32,
    good: Option<String>,
}

impl Embedded {
    fn issued(&self) -> u32 {
        self.0.lock().expect("nobody panics with it").issued
    }

    fn revoke(&self) {
        self.0.lock().expect("nobody panics with it").good = None;
    }
}

pub(crate) async fn run(http: &Http, table: &mut Table) -> Result<(), BoxError> {
    let embedded = Embedded::default();
    let app = Router::new()
        .route("/token", post(token))
        .route("/orders", get(orders))
        .route("/refunds", get(refunds))
        .with_state(embedded.clone());
    let origin = serve(app).await?;

    // Time is injected, so that an hour passes at once.
    let hands = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let auth = OAuth2::client_credentials(format!("{origin}/token"), CLIENT, SECRET)
        .scope("orders:read")
        .clock(Clock::new(hands.clone()))
        .build()?;
    let client = ServiceBuilder::new()
        .layer(auth.clone().only_to(&origin)?.replay(Cloned))
        .service(http.clone());

    let mut row = async |sent: &str, expected: &str| -> Result<(), BoxError> {
        let request = Request::get(format!("{origin}/orders")).body(Body::default())?;
        let (saw, status) = outcome(client.clone().ready().await?.call(request).await).await;
        table.row(sent, saw, status, (expected, "200"));
        Ok(())
    };
    row("OAuth2::client_credentials", "token 1 of 1").await?;
    row("… again: the token is kept", "token 1 of 1").await?;
    hands.advance(Duration::from_secs(3600));
    row(
        "… an hour later: it expired and was renewed",
        "token 2 of 2",
    )
    .await?;
    embedded.revoke();
    row(
        "… revoked by the server: replaced, and sent once more",
        "token 3 of 3",
    )
    .await?;

    // No other token would do: the caller is told what is missing, nothing is fetched, and nothing is sent again.
    let request = Request::get(format!("{origin}/refunds")).body(Body::default())?;
    let response = client.clone().ready().await?.call(request).await?;
    let status = response.status().as_u16().to_string();
    let missing = match BearerError::check(response) {
        Err(BearerError::InsufficientScope { scope }) => scope.unwrap_or_default(),
        other => return Err(format!("{other:?}").into()),
    };
    let issued = embedded.issued();
    table.row(
        "… for what it has no scope: a typed error names it",
        format!("still token {issued}, needs {missing}"),
        status,
        ("still token 3, needs refunds:write", "403"),
    );

    let sum = auth + HeaderApiKey::new("key")?;
    let client = ServiceBuilder::new()
        .layer(sum.only_to(&origin)?)
        .service(http.clone());
    let request = Request::get(format!("{origin}/orders")).body(Body::default())?;
    let (saw, status) = outcome(client.oneshot(request).await).await;
    table.row(
        "HeaderApiKey + OAuth2, sharing the token",
        saw,
        status,
        ("token 3 of 3 + X-API-Key", "200"),
    );

    // The server's own words, with types.
    let wrong = OAuth2::client_credentials(format!("{origin}/token"), CLIENT, "guess").build()?;
    let client = ServiceBuilder::new().layer(wrong).service(http.clone());
    let request = Request::get(format!("{origin}/orders")).body(Body::default())?;
    let error = match client.oneshot(request).await {
        Err(Error::Auth(error)) => error,
        other => return Err(format!("{other:?}").into()),
    };
    let cause =
        std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<TokenError>());
    let code = cause
        .and_then(TokenError::response)
        .and_then(|answer| answer.error());
    let saw = "nothing: it was not sent".to_owned();
    table.row(
        "OAuth2, with a wrong secret",
        saw.clone(),
        format!("{code:?}"),
        (&saw, "Some(\"invalid_client\")"),
    );
    Ok(())
}

/// Issues a token to the one client that it knows.
async fn token(
    State(Embedded(tokens)): State<Embedded>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> impl IntoResponse {
    // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("{}:{}", encode(CLIENT), encode(SECRET)))
    );
    if headers
        .get(AUTHORIZATION)
        .is_none_or(|value| value.as_bytes() != basic.as_bytes())
    {
        return (
            StatusCode::UNAUTHORIZED,
            r#"{"error":"invalid_client"}"#.to_owned(),
        );
    }
    if form
        .get("grant_type")
        .is_none_or(|grant| grant != "client_credentials")
    {
        return (
            StatusCode::BAD_REQUEST,
            r#"{"error":"unsupported_grant_type"}"#.to_owned(),
        );
    }
    let mut tokens = tokens.lock().expect("nobody panics with it");
    tokens.issued += 1;
    let token = format!("token-{}", tokens.issued);
    tokens.good = Some(token.clone());
    let answer = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
    (StatusCode::OK, answer)
}

/// Takes the last token that was issued, as long as it was not revoked.
async fn orders(State(Embedded(tokens)): State<Embedded>, headers: HeaderMap) -> impl IntoResponse {
    let tokens = tokens.lock().expect("nobody panics with it");
    let bearer = tokens.good.as_ref().map(|token| format!("Bearer {token}"));
    let sent = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
    if sent.is_none() || sent != bearer.as_ref().map(|bearer| bearer.as_bytes()) {
        let challenge = r#"Bearer error="invalid_token""#;
        return (
            StatusCode::UNAUTHORIZED,
            [("www-authenticate", challenge)],
            "another token".to_owned(),
        );
    }
    let number = bearer
        .as_ref()
        .and_then(|bearer| bearer.rsplit('-').next())
        .unwrap_or_default();
    let key = if headers.contains_key("x-api-key") {
        " + X-API-Key"
    } else {
        ""
    };
    let saw = format!("token {number} of {}{key}", tokens.issued);
    (StatusCode::OK, [("www-authenticate", "")], saw)
}

/// Wants more scope than anybody has.
async fn refunds() -> impl IntoResponse {
    let challenge = r#"Bearer error="insufficient_scope", scope="refunds:write""#;
    (StatusCode::FORBIDDEN, [("www-authenticate", challenge)])
}
