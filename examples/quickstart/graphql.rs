//! GraphQL: a query, a mutation, and a login that expires while the program runs.

use crate::{BoxError, server::serve, table::Table};
use async_graphql::{Context, EmptySubscription, Object, Schema};
use axum::{Json, Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tower_auth::{
    clock::{Clock, ManualClock},
    graphql::{Client, Error, GraphQlLogin, GraphQlService},
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
            .route("/service/Notes", post(answer))
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
