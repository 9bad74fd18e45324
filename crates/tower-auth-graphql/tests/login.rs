//! Logins by GraphQL, against real servers.
#![cfg(feature = "login")]

mod support;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::post,
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};
use support::{graphql_server, http, serve};
use tower::ServiceBuilder;
use tower_auth_core::{
    bearer::InQuery,
    clock::{Clock, ManualClock},
};
use tower_auth_graphql::{
    AuthFailure, Body, Client, Error, ErrorKind, GraphQlLogin, GraphQlService, Reply, VariableAuth,
};
use tower_auth_testing::collective_access::{Issuer, Refusal};
use tower_auth_token::TokenAuth;
use tower_service::Service;

const LOGIN: &str = "mutation($name: String!, $password: String!) \
    { login(name: $name, password: $password) { token refresh } }";
const RENEW: &str = "mutation($token: String!) { renew(token: $token) { token refresh } }";

fn login(endpoint: &str, password: &str) -> GraphQlLogin {
    GraphQlLogin::builder(endpoint, GraphQlService::new(http()))
        .login(
            LOGIN,
            &json!({"name": "alice", "password": password}),
            "login.token",
        )
        .refresh_token("login.refresh")
        .refresh(RENEW, "token", "renew.token")
        .build()
        .unwrap()
}

trait Stack:
    Service<
        http::Request<Body>,
        Response = http::Response<Reply>,
        Error = tower_auth_core::Error<Error>,
        Future: Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Stack for S where
    S: Service<
            http::Request<Body>,
            Response = http::Response<Reply>,
            Error = tower_auth_core::Error<Error>,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

fn client(endpoint: &str, password: &str) -> Client<impl Stack> {
    let auth = TokenAuth::bearer(login(endpoint, password));
    Client::builder(endpoint)
        .unwrap()
        .auth(auth)
        .unwrap()
        .build(http())
}

#[tokio::test]
async fn the_first_query_logs_in_and_later_ones_do_not() {
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = client(&endpoint, "open sesame");
    for _ in 0..3 {
        let data = client.query("{ secret }").data::<Value>().await.unwrap();
        assert_eq!(data["secret"], "42");
    }
    assert_eq!(shared.logins.load(SeqCst), 1);
    assert_eq!(shared.requests.load(SeqCst), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_queries_with_an_expired_login_cause_one_refresh() {
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = client(&endpoint, "open sesame");
    client.query("{ secret }").data::<Value>().await.unwrap();
    shared.revoke_all(); // the server answers 200 with UNAUTHENTICATED from now on

    let queries: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.query("{ secret }").data::<Value>().await })
        })
        .collect();
    for query in queries {
        assert_eq!(query.await.unwrap().unwrap()["secret"], "42");
    }
    assert_eq!(shared.renewals.load(SeqCst), 1);
    assert_eq!(shared.logins.load(SeqCst), 1);
}

#[tokio::test]
async fn a_query_that_is_dropped_while_it_refreshes_strands_nobody() {
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = client(&endpoint, "open sesame");
    client.query("{ secret }").data::<Value>().await.unwrap();
    shared.revoke_all();
    let first = client.query("{ secret }").data::<Value>();
    let dropped = async {
        // The refresh takes 50 ms.
        tokio::time::timeout(Duration::from_millis(20), first).await
    };
    let others = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        client.query("{ secret }").data::<Value>().await
    };
    let (dropped, others) = tokio::join!(dropped, others);
    assert!(dropped.is_err());
    assert_eq!(others.unwrap()["secret"], "42");
    assert_eq!(shared.renewals.load(SeqCst), 1);
}

#[tokio::test]
async fn debug_shows_nothing_that_is_secret() {
    let login = login("https://h/graphql?key=hunter2", "hunter2");
    let builder = GraphQlLogin::builder("https://h/?key=hunter2", GraphQlService::new(http()))
        .login(
            "query { hunter2 }",
            &json!({"password": "hunter2"}),
            "login",
        );
    let cache = tower_auth_token::Cache::new(login.clone());
    let variable = VariableAuth::from_cache(cache, "jwt").unwrap();
    let name = http::HeaderName::from_static("x-api-key");
    let value = http::HeaderValue::from_static("hunter2");
    let client = Client::builder("https://h/graphql?key=hunter2")
        .unwrap()
        .header(name.clone(), value.clone());
    let text = format!("{client:?}");
    let client = client.build(http());
    let call = client
        .query("query($p: String!) { login(p: $p) }")
        .variables(json!({"p": "hunter2"}))
        .request_extension("p", "hunter2")
        .header(name, value);
    let body = Body::json(&json!({"query": "hunter2"})).unwrap();
    let text = format!("{text} {login:?} {builder:?} {variable:?} {client:?} {call:?} {body:?}");
    assert!(!text.contains("hunter2"), "{text}");

    let answer = support::answer(502, "text/html", b"hunter2");
    let client = Client::builder(support::raw_server(answer, true).await);
    let client = client.unwrap().build(http());
    let error = client.query("{ a }").data::<Value>().await.unwrap_err();
    assert_eq!(error.body_prefix(), b"hunter2");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_login_is_everybodys_error_and_not_a_storm() {
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = client(&endpoint, "hunter2");
    let queries: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.query("{ secret }").data::<Value>().await })
        })
        .collect();
    for query in queries {
        let error = query.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
        assert!(error.auth_error().is_some());
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
    assert_eq!(shared.logins.load(SeqCst), 1);
    assert_eq!(shared.requests.load(SeqCst), 1);
}

#[tokio::test]
async fn a_mutation_that_did_not_run_is_sent_again_and_one_that_may_have_is_not() {
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = client(&endpoint, "open sesame");
    client.query("{ secret }").data::<Value>().await.unwrap();

    shared.revoke_all();
    let data = client
        .query("mutation { count }")
        .data::<Value>()
        .await
        .unwrap();
    assert_eq!(data["count"], 1);
    assert_eq!(shared.mutations.load(SeqCst), 1);
    assert_eq!(shared.renewals.load(SeqCst), 1);

    // The first field runs for anybody: sent again, it would run twice.
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = self::client(&endpoint, "open sesame");
    client.query("{ secret }").data::<Value>().await.unwrap();
    shared.revoke_all();
    let query = "mutation { a: countAnyway b: count }";
    let response = client.query(query).send::<Value>().await.unwrap();
    assert_eq!(response.data.unwrap(), json!({"a": 1, "b": null}));
    assert_eq!(response.auth_failure, Some(AuthFailure::Refused));
    assert_eq!(shared.mutations.load(SeqCst), 1);
    // The credentials were renewed nonetheless.
    client.query("{ secret }").data::<Value>().await.unwrap();
    assert_eq!(shared.renewals.load(SeqCst), 1);
}

#[cfg(feature = "uploads")]
#[tokio::test]
async fn a_file_is_sent_again_when_it_can_be_read_again() {
    use http_body_util::Full;
    use tower_auth_graphql::Upload;
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = client(&endpoint, "open sesame");
    client.query("{ secret }").data::<Value>().await.unwrap();
    let query = "mutation($f: Upload!) { upload(file: $f) }";

    shared.revoke_all();
    let once = Upload::stream(Full::new(Bytes::from_static(b"x")));
    let response = client
        .query(query)
        .upload("variables.f", once)
        .send::<Value>()
        .await
        .unwrap();
    assert_eq!(response.auth_failure, Some(AuthFailure::Refused));
    assert_eq!(response.data.unwrap(), json!({"upload": null}));

    // That renewed the login; make it expire again, past the interval between two renewals.
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = self::client(&endpoint, "open sesame");
    client.query("{ secret }").data::<Value>().await.unwrap();
    shared.revoke_all();
    let again = Upload::open(Some(1), || Full::new(Bytes::from_static(b"x")));
    let data = client
        .query(query)
        .upload("variables.f", again)
        .data::<Value>()
        .await
        .unwrap();
    assert_eq!(data["upload"], "file application/octet-stream x");

    #[cfg(feature = "files")]
    {
        let (endpoint, shared) = graphql_server(false).await;
        shared.revoke_all();
        let client = self::client(&endpoint, "open sesame");
        client.query("{ secret }").data::<Value>().await.unwrap();
        shared.revoke_all();
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("again.txt");
        std::fs::write(&path, "from disk").unwrap();
        let file = Upload::file(path).await.unwrap();
        let call = client.query(query).upload("variables.f", file);
        let data = call.data::<Value>().await.unwrap();
        assert_eq!(
            data["upload"],
            "again.txt application/octet-stream from disk"
        );
        assert_eq!(shared.renewals.load(SeqCst), 1);
    }
}

#[tokio::test]
async fn the_callers_own_authorization_neither_logs_in_nor_renews() {
    let (endpoint, shared) = graphql_server(false).await;
    shared.revoke_all();
    let client = client(&endpoint, "open sesame");
    let own = http::HeaderValue::from_static("Bearer own");
    let call = client
        .query("{ secret }")
        .header(http::header::AUTHORIZATION, own);
    let response = call.send::<Value>().await.unwrap();
    assert_eq!(response.auth_failure, Some(AuthFailure::Refused));
    assert_eq!(shared.logins.load(SeqCst), 0);
    assert_eq!(shared.requests.load(SeqCst), 1);
}

#[tokio::test]
async fn a_login_that_is_answered_with_an_error_says_so_without_repeating_it() {
    let code = r#"{"message":"wrong: hunter2","extensions":{"code":"BAD_USER_INPUT"}}"#;
    let odd = r#"{"message":"wrong: hunter2","extensions":{"code":"wrong: hunter2"}}"#;
    for (error, expected) in [(code, "code BAD_USER_INPUT"), (odd, "wrong: [redacted]")] {
        let json = format!(r#"{{"errors":[{error}],"data":null}}"#);
        let answer = support::answer(200, "application/json", json.as_bytes());
        let login = login(&support::raw_server(answer, true).await, "hunter2");
        let error = TokenAuth::bearer(login).cache().get().await.unwrap_err();
        let text = format!("{error:?}");
        assert!(
            text.contains(expected) && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_error_of_a_login_does_not_repeat_what_else_the_same_answer_issued() {
    for (rest, message) in [
        (
            r#""data":{"login":{"token":"","refresh":"planted-1"}}"#,
            "no access for planted-1",
        ),
        (
            r#""data":{"login":{"token":null,"sessions":[{"id":"planted-2"}]}}"#,
            "session planted-2",
        ),
        (
            r#""data":null,"extensions":{"csrfToken":"planted-3"}"#,
            "csrf planted-3",
        ),
        (
            r#""data":{"login":{"token":{"value":"planted-4"}}}"#,
            "token cGxhbnRlZC00",
        ),
    ] {
        let json = format!(
            r#"{{"errors":[{{"message":"{message}","extensions":{{"code":"NO","ticket":12345678}}}},{{"message":"x"}}],{rest}}}"#
        );
        let answer = support::answer(200, "application/json", json.as_bytes());
        let login = login(&support::raw_server(answer, true).await, "hunter2");
        let error = TokenAuth::bearer(login).cache().get().await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("code NO") && text.contains("[redacted]"),
            "{text}"
        );
        assert!(
            !text.contains("planted") && !text.contains("cGxhbnRlZC"),
            "{text}"
        );
    }
}

#[test]
fn a_login_in_the_clear_at_another_machine_is_refused_when_it_is_built() {
    let builder = || {
        let service = GraphQlService::new(http());
        let builder = GraphQlLogin::builder("http://api.example.com/graphql", service);
        builder.login(
            LOGIN,
            &json!({"name": "alice", "password": "hunter2"}),
            "login.token",
        )
    };
    let error = builder().build().unwrap_err();
    assert_eq!(error.parameter(), Some("origin"));
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("danger_allow_plaintext") && !text.contains("hunter2"),
        "{text}"
    );
    assert!(builder().danger_allow_plaintext().build().is_ok());
}

#[test]
fn a_login_that_is_incomplete_is_refused_by_name() {
    let builder = || GraphQlLogin::builder("https://h/", GraphQlService::new(http()));
    let parameter =
        |result: Result<GraphQlLogin, tower_auth_core::AuthError>| result.unwrap_err().parameter();
    assert_eq!(parameter(builder().build()), Some("login"));
    assert_eq!(
        parameter(builder().login("q", &json!([]), "a").build()),
        Some("login variables")
    );
    assert_eq!(
        parameter(builder().login("q", &json!({}), "").build()),
        Some("token")
    );
    let relative = GraphQlLogin::builder("/graphql", GraphQlService::new(http()));
    assert_eq!(
        parameter(relative.login("q", &json!({}), "a").build()),
        Some("endpoint")
    );
}

// ===== CollectiveAccess =====

/// An `Item` service behind the issuer, which answers as the real ones do, and the `Auth` service.
struct Archive {
    base: String,
    /// Whether anybody talked to the `Auth` service with an `Authorization`.
    carried: Arc<AtomicBool>,
    issuer: Issuer,
    hands: ManualClock,
    items: Arc<AtomicUsize>,
}

impl Archive {
    async fn start(copies_claims: bool) -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let hands = ManualClock::at(start);
        let mut builder = Issuer::builder("n2v8w0qYx7Jk4tR9sLm3eZ6uBh1cPd5a")
            .user(2, "api", "open sesame")
            .clock(Clock::new(hands.clone()));
        if copies_claims {
            builder = builder.copies_claims();
        }
        let issuer = builder.build().unwrap();
        let items = Arc::new(AtomicUsize::new(0));
        let carried = Arc::new(AtomicBool::new(false));
        let auth = ServiceBuilder::new()
            .map_request({
                let carried = Arc::clone(&carried);
                move |request: axum::extract::Request| {
                    carried.fetch_or(request.headers().contains_key("authorization"), SeqCst);
                    request
                }
            })
            .service(issuer.clone());
        let app = Router::new()
            .route("/service/Item", post(item))
            .with_state((issuer.clone(), Arc::clone(&items)))
            .route_service("/service/Auth", auth);
        Self {
            base: serve(app).await,
            carried,
            issuer,
            hands,
            items,
        }
    }

    fn login(&self, password: &str) -> GraphQlLogin {
        let bottom = GraphQlService::new(http());
        GraphQlLogin::collective_access(&self.base, "api", password, bottom)
            .build()
            .unwrap()
    }

    fn auth(&self, password: &str) -> TokenAuth<GraphQlLogin> {
        let login = self.login(password);
        let cache =
            TokenAuth::cache_builder(login, tower_auth_core::bearer::InAuthorization::default());
        TokenAuth::from_cache(cache.clock(Clock::new(self.hands.clone())).build())
    }

    fn client(&self, password: &str) -> Client<impl Stack> {
        self.stack(self.auth(password))
    }

    /// A client whose clock stands still, so that it sends tokens that the server says have expired.
    fn client_without_time(&self) -> Client<impl Stack> {
        let now = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let cache = TokenAuth::cache_builder(self.login("open sesame"), Default::default());
        self.stack(TokenAuth::from_cache(cache.clock(Clock::new(now)).build()))
    }

    fn stack(&self, auth: TokenAuth<GraphQlLogin>) -> Client<impl Stack> {
        let endpoint = format!("{}/service/Item", self.base);
        Client::builder(endpoint)
            .unwrap()
            .auth(auth)
            .unwrap()
            .build(http())
    }

    fn counts(&self) -> (usize, usize, usize) {
        (
            self.issuer.logins(),
            self.issuer.refreshes(),
            self.items.load(SeqCst),
        )
    }
}

async fn item(
    State((issuer, items)): State<(Issuer, Arc<AtomicUsize>)>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    items.fetch_add(1, SeqCst);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let header = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let in_query = uri.query().and_then(|query| query.strip_prefix("jwt="));
    let checked = match (body["variables"]["jwt"].as_str().or(in_query), header) {
        (Some(token), _) => issuer.check(token),
        (None, header) => issuer.check_header(header),
    };
    let error = json!({"message": "Internal server error", "path": ["get"]});
    let (status, json) = match checked {
        Ok(claims) => (
            StatusCode::OK,
            json!({"ok": true, "data": {"get": claims.id}}),
        ),
        Err(Refusal::Expired) => {
            let mut error = error;
            error["expiredToken"] = true.into();
            let json = json!({"ok": false, "errors": [error], "data": {"get": null}});
            (StatusCode::UNAUTHORIZED, json)
        }
        Err(_) => {
            let json = json!({"ok": false, "errors": [error], "data": {"get": null}});
            (StatusCode::INTERNAL_SERVER_ERROR, json)
        }
    };
    (status, axum::Json(json))
}

const GET: &str = "{ get }";

#[tokio::test]
async fn collective_access_is_refreshed_before_the_token_expires() {
    let archive = Archive::start(false).await;
    let client = archive.client("open sesame");
    for expected in [(1, 0, 1), (1, 0, 2)] {
        assert_eq!(client.query(GET).data::<Value>().await.unwrap()["get"], 2);
        assert_eq!(archive.counts(), expected);
    }
    // Past the token's 600 seconds: it is not even sent.
    archive.hands.advance(Duration::from_secs(700));
    assert_eq!(client.query(GET).data::<Value>().await.unwrap()["get"], 2);
    assert_eq!(archive.counts(), (1, 1, 3));
    // Past the refresh token's day: a refresh is not even tried.
    archive.hands.advance(Duration::from_secs(100_000));
    assert_eq!(client.query(GET).data::<Value>().await.unwrap()["get"], 2);
    assert_eq!(archive.counts(), (2, 1, 4));
}

#[tokio::test]
async fn collective_access_that_gives_back_the_same_token_is_not_asked_for_ever() {
    let archive = Archive::start(true).await;
    let client = archive.client("open sesame");
    client.query(GET).data::<Value>().await.unwrap();
    archive.hands.advance(Duration::from_secs(700));
    // The refresh token came back; it is a token for the rest of the day.
    client.query(GET).data::<Value>().await.unwrap();
    archive.hands.advance(Duration::from_secs(700));
    client.query(GET).data::<Value>().await.unwrap();
    assert_eq!(archive.counts(), (1, 1, 3));
    archive.hands.advance(Duration::from_secs(86_000));
    client.query(GET).data::<Value>().await.unwrap();
    assert_eq!(archive.counts(), (2, 1, 4));
}

#[tokio::test]
async fn an_expired_token_that_was_sent_is_refreshed_and_the_query_sent_again() {
    let archive = Archive::start(false).await;
    let client = archive.client_without_time();
    client.query(GET).data::<Value>().await.unwrap();
    archive.hands.advance(Duration::from_secs(700));
    assert_eq!(client.query(GET).data::<Value>().await.unwrap()["get"], 2);
    assert_eq!(archive.counts(), (1, 1, 3));
    // Nobody showed the expired token to the `Auth` service.
    assert!(!archive.carried.load(SeqCst));
}

#[tokio::test]
async fn a_refresh_that_is_refused_is_followed_by_one_login() {
    for copies_claims in [false, true] {
        let archive = Archive::start(copies_claims).await;
        let client = archive.client_without_time();
        client.query(GET).data::<Value>().await.unwrap();
        // The refresh token has expired, too; only the server knows.
        archive.hands.advance(Duration::from_secs(100_000));
        assert_eq!(client.query(GET).data::<Value>().await.unwrap()["get"], 2);
        assert_eq!(archive.counts(), (2, 1, 3));
        assert!(!archive.carried.load(SeqCst));
    }
}

#[tokio::test]
async fn a_server_that_always_gives_and_always_refuses_the_same_token_is_not_asked_for_ever() {
    // {"exp":4102444800}, in the year 2100
    const TOKEN: &str = "e30.eyJleHAiOjQxMDI0NDQ4MDB9.x";
    let count = Arc::new([const { AtomicUsize::new(0) }; 3]);
    let counted = Arc::clone(&count);
    let auth = move |body: String| async move {
        let refresh = body.contains("refresh(token");
        counted[usize::from(refresh)].fetch_add(1, SeqCst);
        let data = if refresh {
            json!({"refresh": {"jwt": TOKEN}})
        } else {
            json!({"login": {"jwt": TOKEN, "refresh": "r"}})
        };
        axum::Json(json!({"ok": true, "data": data}))
    };
    let counted = Arc::clone(&count);
    let item = move || async move {
        counted[2].fetch_add(1, SeqCst);
        let error = json!({"message": "m", "path": ["get"], "expiredToken": true});
        let json = json!({"ok": false, "errors": [error], "data": {"get": null}});
        (StatusCode::UNAUTHORIZED, axum::Json(json))
    };
    let app = Router::new()
        .route("/service/Auth", post(auth))
        .route("/service/Item", post(item));
    let base = serve(app).await;
    let bottom = GraphQlService::new(http());
    let login = GraphQlLogin::collective_access(&base, "api", "x", bottom).build();
    let builder = Client::builder(format!("{base}/service/Item")).unwrap();
    let auth = TokenAuth::bearer(login.unwrap());
    let client = builder.auth(auth).unwrap().build(http());
    for _ in 0..10 {
        let response = client.query(GET).send::<Value>().await.unwrap();
        assert_eq!(response.auth_failure, Some(AuthFailure::Expired));
    }
    // A login; another after the refusal and a refresh in vain; and each query once, since there is nothing better.
    let [logins, refreshes, items] = [0, 1, 2].map(|index| count[index].load(SeqCst));
    assert_eq!((logins, refreshes, items), (2, 1, 10));
}

#[tokio::test]
async fn a_server_that_refuses_every_token_gets_a_query_twice_at_most() {
    let (endpoint, shared) = graphql_server(false).await;
    let client = client(&endpoint, "open sesame");
    client.query("{ hello }").data::<Value>().await.unwrap();
    let before = shared.requests.load(SeqCst);
    // Whoever renews is refused again.
    let revoke = Arc::clone(&shared);
    let revoking = tokio::spawn(async move {
        loop {
            revoke.revoke_all();
            tokio::task::yield_now().await;
        }
    });
    let response = client.query("{ secret }").send::<Value>().await.unwrap();
    revoking.abort();
    assert_eq!(response.auth_failure, Some(AuthFailure::Refused));
    // The query, the refresh, and the query again.
    assert_eq!(shared.requests.load(SeqCst) - before, 3);
}

#[tokio::test]
async fn a_null_jwt_is_a_refused_login() {
    let archive = Archive::start(false).await;
    let client = archive.client("hunter2");
    for _ in 0..2 {
        let error = client.query(GET).data::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth(AuthFailure::Refused));
    }
    assert_eq!(archive.counts(), (1, 0, 0));
}

#[tokio::test]
async fn a_status_of_500_is_never_tried_again() {
    let archive = Archive::start(false).await;
    let other = Archive::start(false).await;
    // Tokens of another archive: their signature is wrong here.
    let stranger =
        Issuer::builder("Qk2v8w0qYx7Jk4tR9sLm3eZ6uBh1cPd5").user(2, "api", "open sesame");
    let app = Router::new().route_service("/service/Auth", stranger.build().unwrap());
    let bottom = GraphQlService::new(http());
    let login = GraphQlLogin::collective_access(&serve(app).await, "api", "open sesame", bottom);
    let client = archive.stack(TokenAuth::bearer(login.build().unwrap()));
    let response = client.query(GET).send::<Value>().await.unwrap();
    assert_eq!(response.errors[0].message, "Internal server error");
    assert_eq!(response.auth_failure, None);
    assert_eq!(archive.counts(), (0, 0, 1));
    drop(other);
}

#[tokio::test]
async fn the_jwt_goes_into_a_variable_or_the_query_of_the_uri() {
    let archive = Archive::start(false).await;
    let endpoint = format!("{}/service/Item", archive.base);
    let builder = || Client::builder(endpoint.as_str()).unwrap();
    // The real time is past all of this issuer's tokens, so the cache goes by its clock.
    let cache = tower_auth_token::Cache::builder(archive.login("open sesame"));
    let cache = cache.clock(Clock::new(archive.hands.clone())).build();
    let variable = VariableAuth::from_cache(cache, "jwt").unwrap();
    let client = builder().auth(variable).unwrap().build(http());
    assert_eq!(
        client
            .query("query($jwt: String) { get(jwt: $jwt) }")
            .data::<Value>()
            .await
            .unwrap()["get"],
        2
    );

    let cache =
        TokenAuth::cache_builder(archive.login("open sesame"), InQuery::new("jwt").unwrap());
    let auth = TokenAuth::from_cache(cache.clock(Clock::new(archive.hands.clone())).build());
    let client = builder().auth(auth).unwrap().build(http());
    assert_eq!(client.query(GET).data::<Value>().await.unwrap()["get"], 2);
    assert!(VariableAuth::new(archive.login("x"), "not a name").is_err());
}

#[tokio::test]
async fn the_lifetime_of_a_refreshed_token_is_read_as_that_of_the_login_was() {
    let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let app = Router::new().route("/", post({
        let counts = Arc::clone(&counts);
        async move |body: Bytes| {
            let request: Value = serde_json::from_slice(&body).unwrap();
            let document = request["query"].as_str().unwrap();
            let (name, count) = match document.contains("renew") {
                true => ("renew", &counts.1),
                false if document.contains("login") => ("login", &counts.0),
                false => return axum::Json(json!({"data": {"a": 1}})),
            };
            let number = count.fetch_add(1, SeqCst);
            axum::Json(json!({"data": {name: {"token": format!("{name}-{number}"), "refresh": "r", "expiresIn": 600}}}))
        }
    }));
    let endpoint = serve(app).await;
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    let login = GraphQlLogin::builder(endpoint.as_str(), GraphQlService::new(http()))
        .login(
            "mutation { login { token refresh expiresIn } }",
            &json!({}),
            "login.token",
        )
        .refresh_token("login.refresh")
        .expires_in("login.expiresIn")
        .refresh(
            "mutation($t: String!) { renew(token: $t) { token refresh expiresIn } }",
            "t",
            "renew.token",
        )
        .build()
        .unwrap();
    let cache =
        TokenAuth::cache_builder(login, tower_auth_core::bearer::InAuthorization::default());
    let auth = TokenAuth::from_cache(cache.clock(Clock::new(clock.clone())).build());
    let client = Client::builder(endpoint)
        .unwrap()
        .auth(auth)
        .unwrap()
        .build(http());
    for _ in 0..3 {
        client.query("{ a }").data::<Value>().await.unwrap();
        clock.advance(Duration::from_secs(601));
    }
    assert_eq!((counts.0.load(SeqCst), counts.1.load(SeqCst)), (1, 2));
}

/// A store may hold what a later version, or another program, put there.
#[tokio::test]
async fn a_refresh_keeps_what_is_known_of_a_login_in_a_store() {
    use tower_auth_core::Secret;
    use tower_auth_token::{
        Cache, ProofKey,
        store::{MemoryStore, Store as _, Stored},
    };
    let (endpoint, shared) = graphql_server(false).await;
    let store = MemoryStore::new();
    let start = || {
        Cache::new(Stored::new(
            login(&endpoint, "open sesame"),
            store.clone(),
            "k",
        ))
    };
    start().get().await.unwrap();
    let before = store.load("k").await.unwrap().unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let before = before
        .with_proof_key(ProofKey::new("{}"))
        .with_scope(Secret::from("read"))
        .with_expires_at(old);
    store.save("k", &before).await.unwrap();
    start().get().await.unwrap();
    assert_eq!(shared.renewals.load(SeqCst), 1);
    let after = store.load("k").await.unwrap().unwrap();
    assert_ne!(after.token().expose(), before.token().expose());
    assert_eq!(after.proof_key().unwrap().jwk().expose(), "{}");
    assert_eq!(after.scope(), Some("read"));
}
