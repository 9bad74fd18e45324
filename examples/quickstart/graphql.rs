//! GraphQL: a query, a mutation, and a login that expires while the program runs.

use crate::{BoxError, server::serve, table::Table};
use async_graphql::{Context, EmptySubscription, Object, Schema};
use axum::{
    Json, Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket as Socket},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::post,
};
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tower_auth::{
    clock::{Clock, ManualClock},
    graphql::{Client, Error, Event, GraphQlLogin, GraphQlService, Subscription, WebSocket},
    token::TokenAuth,
};
use tower_auth_testing::collective_access::{Issuer, Refusal};

pub(crate) async fn run(table: &mut Table) -> Result<(), BoxError> {
    // The archive's own clock, so that tokens can expire without anybody waiting.
    let now = ManualClock::at(Clock::system().now());
    let issuer = Issuer::builder("n2v8w0qYx7Jk4tR9sLm3eZ6uBh1cPd5a")
        .user(2, "api", "open sesame")
        .clock(Clock::new(now.clone()))
        .build()?;
    let archive = Archive::start(issuer.clone()).await?;
    let seen = || {
        format!(
            "{}, logins: {}, refreshes: {}",
            archive.saw(),
            issuer.logins(),
            issuer.refreshes()
        )
    };

    let hyper = Hyper::builder(TokioExecutor::new()).build_http();
    let login = |password: &str| {
        let bottom = GraphQlService::new(hyper.clone());
        GraphQlLogin::collective_access(&archive.origin, "api", password, bottom).build()
    };
    let notes = Client::builder(format!("{}/service/Notes", archive.origin))?
        .auth(TokenAuth::bearer(login("open sesame")?))?
        .build(hyper.clone());

    let status = status(notes.query("{ notes }").data::<Value>().await, "notes");
    let expected = ("a token of user 2, logins: 1, refreshes: 0", "1 notes");
    table.row("GraphQL: a query logs in", seen(), status, expected);

    let call = notes.query("mutation($text: String!) { add(text: $text) }");
    let answer = call
        .variables(json!({"text": "second"}))
        .data::<Value>()
        .await;
    let expected = ("a token of user 2, logins: 1, refreshes: 0", "2 notes");
    table.row(
        "GraphQL: a mutation",
        seen(),
        self::status(answer, "add"),
        expected,
    );

    // The server answers 401; the login is refreshed, and the query sent again.
    now.advance(Duration::from_secs(700));
    let status = self::status(notes.query("{ notes }").data::<Value>().await, "notes");
    let expected = ("a token of user 2, logins: 1, refreshes: 1", "2 notes");
    table.row(
        "GraphQL: a query, its login expired",
        seen(),
        status,
        expected,
    );

    // Over a WebSocket, with a login of its own. The server closes it with 4403 when the token expires; there is another
    // handshake with another token, and the subscription goes on.
    let subscriber = Client::builder(format!("{}/service/Notes", archive.origin))?
        .auth(TokenAuth::bearer(login("open sesame")?))?
        .build(hyper.clone())
        .websocket(WebSocket::new());
    let mut counted = subscriber
        .query("subscription { notes }")
        .subscribe()
        .await?;
    let mut events = vec![event(&mut counted).await];
    now.advance(Duration::from_secs(700));
    events.push(event(&mut counted).await);
    events.push(event(&mut counted).await);
    let call = subscriber.query("mutation($text: String!) { add(text: $text) }");
    let third = call.variables(json!({"text": "third"}));
    third.data::<Value>().await?;
    events.push(event(&mut counted).await);
    counted.unsubscribe().await?;
    table.row(
        "GraphQL: a subscription, its login expired",
        seen(),
        events.join(", "),
        (
            "a token of user 2, logins: 2, refreshes: 2",
            "2 notes, reconnected, 2 notes, 3 notes",
        ),
    );

    let stranger = Client::builder(format!("{}/service/Notes", archive.origin))?
        .auth(TokenAuth::bearer(login("guess")?))?
        .build(hyper);
    let status = self::status(stranger.query("{ notes }").data::<Value>().await, "notes");
    let saw = "nothing: it was not sent";
    table.row(
        "GraphQL: a wrong password",
        saw.to_owned(),
        status,
        (saw, "Auth(Refused)"),
    );
    Ok(())
}

/// The next thing that a subscription brings.
async fn event(results: &mut Subscription) -> String {
    let next = tokio::time::timeout(Duration::from_secs(10), results.next_event()).await;
    match next {
        Ok(Some(Ok(Event::Result(response)))) => {
            let data = response.decode::<Value>().map(|response| response.data);
            status(data.map(Option::unwrap_or_default), "notes")
        }
        Ok(Some(Ok(Event::Reconnected(_)))) => "reconnected".to_owned(),
        Ok(Some(Err(error))) => format!("{:?}", error.kind()),
        other => format!("{other:?}"),
    }
}

fn status(answer: Result<Value, Error>, field: &str) -> String {
    match answer {
        Ok(data) => format!("{} notes", data[field]),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// A GraphQL server whose notes are for those whom the issuer knows.
struct Archive {
    origin: String,
    saw: Arc<Mutex<String>>,
}

#[derive(Clone)]
struct Served {
    schema: Schema<Query, Mutation, EmptySubscription>,
    issuer: Issuer,
    saw: Arc<Mutex<String>>,
}

type Notes = Mutex<Vec<String>>;

struct Query;

#[Object]
impl Query {
    async fn notes(&self, ctx: &Context<'_>) -> async_graphql::Result<usize> {
        Ok(lock(ctx.data::<Notes>()?).len())
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn add(&self, ctx: &Context<'_>, text: String) -> async_graphql::Result<usize> {
        let mut notes = lock(ctx.data::<Notes>()?);
        notes.push(text);
        Ok(notes.len())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics with it")
}

impl Archive {
    async fn start(issuer: Issuer) -> Result<Self, BoxError> {
        let saw = Arc::default();
        let notes = Notes::new(vec!["first".to_owned()]);
        let served = Served {
            schema: Schema::build(Query, Mutation, EmptySubscription)
                .data(notes)
                .finish(),
            issuer: issuer.clone(),
            saw: Arc::clone(&saw),
        };
        let app = Router::new()
            .route("/service/Notes", post(answer).get(upgrade))
            .with_state(served)
            .route_service("/service/Auth", issuer);
        let origin = serve(app).await?;
        Ok(Self { origin, saw })
    }

    fn saw(&self) -> String {
        lock(&self.saw).clone()
    }
}

async fn answer(
    State(served): State<Served>,
    headers: HeaderMap,
    Json(request): Json<async_graphql::Request>,
) -> (StatusCode, Json<Value>) {
    let header = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let checked = served.issuer.check_header(header);
    *lock(&served.saw) = match &checked {
        Ok(claims) => format!("a token of user {}", claims.id),
        Err(refusal) => format!("a token that is {refusal:?}"),
    };
    match checked {
        Ok(_) => {
            let response = served.schema.execute(request).await;
            (StatusCode::OK, Json(json!(response)))
        }
        Err(refusal) => {
            let expired = refusal == Refusal::Expired;
            let error = json!({"message": "Internal server error", "expiredToken": expired});
            let status = if expired {
                StatusCode::UNAUTHORIZED
            } else {
                StatusCode::INTERNAL_SERVER_ERROR
            };
            (status, Json(json!({"ok": false, "errors": [error]})))
        }
    }
}

/// The same for subscriptions: the token of the handshake has to be good as long as the connection lasts.
async fn upgrade(
    State(served): State<Served>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .protocols(["graphql-transport-ws"])
        .on_upgrade(move |socket| async move {
            // A client that goes away is nothing to report.
            let _ = push(socket, served, headers).await;
        })
}

/// `subscription { notes }`: how many there are, now and whenever that changes.
async fn push(mut socket: Socket, served: Served, headers: HeaderMap) -> Result<(), BoxError> {
    let header = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let (mut id, mut told) = (None, Value::Null);
    loop {
        let message = tokio::time::timeout(Duration::from_millis(10), socket.recv()).await;
        if let Ok(message) = message {
            let message: Value = match message.ok_or("it is gone")?? {
                Message::Text(text) => serde_json::from_str(&text)?,
                _ => continue,
            };
            match message["type"].as_str() {
                Some("connection_init") => {
                    let ack = json!({"type": "connection_ack"}).to_string();
                    socket.send(Message::text(ack)).await?;
                }
                Some("subscribe") => id = message["id"].as_str().map(str::to_owned),
                _ => id = None,
            }
        }
        let checked = served.issuer.check_header(header);
        if checked.is_err() {
            let (code, reason) = (4403, "Forbidden".into());
            socket
                .send(Message::Close(Some(CloseFrame { code, reason })))
                .await?;
            return Ok(());
        }
        let Some(id) = &id else { continue };
        let now = json!(served.schema.execute("{ notes }").await);
        if now != told {
            let next = json!({"type": "next", "id": id, "payload": now}).to_string();
            socket.send(Message::text(next)).await?;
            told = now;
        }
    }
}
