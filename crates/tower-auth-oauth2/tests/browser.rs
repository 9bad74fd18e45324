//! Logins in a browser.

#![cfg(feature = "browser")]

mod support;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex},
    time::Duration,
};
use support::answering;
use tower_auth_core::AuthError;
use tower_auth_oauth2::{
    AuthorizationCode, ClientAuth, ErrorCode, HttpClient, OAuth2, OAuth2Builder, Provider,
    ServerMetadata, TokenError, TokenErrorKind,
    browser::{Browser, BrowserErrorKind, Visit},
    store::{MemoryStore, Store as _},
};

const PAGE: &str = "https://as.example/authorize";
const TOKEN: &str = "https://as.example/token";
const GOOD: (u16, &str) = (
    200,
    r#"{"access_token":"a1","token_type":"Bearer","expires_in":3600,"refresh_token":"r1"}"#,
);

/// Plays the browser and the person: keeps the pages that were opened, and goes back with these answers, `{state}` and so
/// on filled in from the page.
#[derive(Clone)]
struct Person {
    opened: Arc<Mutex<Vec<String>>>,
    shown: Arc<Mutex<Vec<String>>>,
    answers: Arc<[String]>,
}

impl Person {
    fn answering(answers: &[&str]) -> Self {
        Self {
            opened: Arc::default(),
            shown: Arc::default(),
            answers: answers.iter().map(ToString::to_string).collect(),
        }
    }

    fn with_code() -> Self {
        Self::answering(&["?code=c1&state={state}"])
    }

    fn browser(&self) -> Browser {
        self.browser_for(Duration::from_secs(20))
    }

    fn browser_for(&self, time: Duration) -> Browser {
        let person = self.clone();
        Browser::builder()
            .any_port()
            .timeout(time)
            .opener(move |visit: &Visit| person.open(visit))
            .build()
            .unwrap()
    }

    fn open(&self, visit: &Visit) -> io::Result<()> {
        let page = visit.uri().to_string();
        self.opened.lock().unwrap().push(page.clone());
        let asked = query(&page);
        for answer in &*self.answers {
            let answer = asked.iter().fold(answer.clone(), |answer, (name, value)| {
                answer.replace(&format!("{{{name}}}"), value)
            });
            let shown = send(visit.redirect_uri(), &answer)?;
            self.shown.lock().unwrap().push(shown);
        }
        Ok(())
    }

    /// The queries of the pages that were opened.
    fn pages(&self) -> Vec<HashMap<String, String>> {
        let opened = self.opened.lock().unwrap();
        opened.iter().map(|page| query(page)).collect()
    }

    /// What the browser showed in the end: it may take its page after the token is there.
    async fn shown(&self) -> String {
        while self.shown.lock().unwrap().len() < self.answers.len() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.shown.lock().unwrap().concat()
    }
}

/// Sends `?query` by GET, and anything else as a form.
fn send(redirect_uri: &str, answer: &str) -> io::Result<String> {
    let (_, rest) = redirect_uri.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect((
        "127.0.0.1",
        host.split_once(':').unwrap().1.parse().unwrap(),
    ))?;
    match answer.strip_prefix('?') {
        Some(query) => write!(
            stream,
            "GET /{path}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        )?,
        None => write!(
            stream,
            "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )?,
    }
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}

fn query(url: &str) -> HashMap<String, String> {
    let (_, query) = url.split_once('?').unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn form(body: &str) -> HashMap<String, String> {
    form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

fn login(person: &Person, client: HttpClient) -> OAuth2Builder<AuthorizationCode> {
    OAuth2::authorization_code(PAGE, TOKEN, "cli")
        .browser(person.browser())
        .http_client(client)
}

fn kind(error: &AuthError) -> TokenErrorKind {
    TokenError::of(error)
        .unwrap_or_else(|| panic!("{error:?}"))
        .kind()
}

fn hash(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// `a.b.c` with these claims.
fn id_token(claims: &str) -> String {
    format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

#[tokio::test]
async fn a_login_opens_a_page_with_a_proof_key_and_redeems_the_code_with_it() {
    let person = Person::answering(&["?code=a%2Bb+c&state={state}"]);
    let (client, log) = answering(&[GOOD]);
    let auth = login(&person, client)
        .scope("orders offline_access")
        .client_auth(ClientAuth::basic("cli", "hunter2").unwrap())
        .authorization_parameter("prompt", "consent")
        .resource("https://api.example")
        .parameter("extra", "in body")
        .build()
        .unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "a1");

    let page = person.pages().pop().unwrap();
    let redirect_uri = page["redirect_uri"].clone();
    assert!(
        redirect_uri.starts_with("http://localhost:"),
        "{redirect_uri}"
    );
    for (name, value) in [
        ("client_id", "cli"),
        ("response_type", "code"),
        ("scope", "orders offline_access"),
        ("prompt", "consent"),
        ("resource", "https://api.example"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(page[name], value, "{name}");
    }
    assert_eq!(page["state"].len(), 43);
    assert_eq!(page.len(), 9, "{page:?}");
    assert!(!person.opened.lock().unwrap()[0].contains("hunter2"));
    assert!(person.shown().await.contains("You are authenticated"));

    let sent = log.last();
    let body = form(&sent.body);
    assert_eq!(sent.uri, TOKEN);
    assert!(sent.headers.contains_key("authorization"));
    assert_eq!(body["grant_type"], "authorization_code");
    assert_eq!(body["code"], "a+b c");
    assert_eq!(body["redirect_uri"], redirect_uri);
    assert_eq!(body["resource"], "https://api.example");
    assert_eq!(body["extra"], "in body");
    assert_eq!(hash(&body["code_verifier"]), page["code_challenge"]);
    assert!(
        !body.contains_key("scope") && !body.contains_key("prompt"),
        "{body:?}"
    );
}

#[tokio::test]
async fn whatever_protects_a_login_is_made_for_it_alone() {
    let person = Person::with_code();
    let claims = r#"{"nonce":"fixed"}"#;
    let answer = format!(
        r#"{{"access_token":"a","id_token":"{}"}}"#,
        id_token(claims)
    );
    let (client, log) = answering(&[GOOD, GOOD, (200, &answer)]);
    let auth = login(&person, client).scope("openid").build().unwrap();
    for _ in 0..2 {
        // No ID token came, so there is nothing to compare the nonce with.
        auth.token().await.unwrap();
        auth.clear().await.unwrap();
    }
    let pages = person.pages();
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(pages[0][name], pages[1][name], "{name}");
    }
    let bodies = log.bodies();
    assert_ne!(
        form(&bodies[0])["code_verifier"],
        form(&bodies[1])["code_verifier"]
    );

    let error = auth.token().await.unwrap_err();
    assert_eq!(kind(&error), TokenErrorKind::Nonce, "{error}");
}

#[tokio::test]
async fn an_id_token_of_this_login_is_taken() {
    let person = Person::with_code();
    let claims = r#"{"nonce":"of mine"}"#;
    let answer = format!(
        r#"{{"access_token":"a","id_token":"{}"}}"#,
        id_token(claims)
    );
    let (client, _) = answering(&[(200, &answer)]);
    let auth = login(&person, client).authorization_parameter("nonce", "of mine");
    assert_eq!(auth.build().unwrap().token().await.unwrap().expose(), "a");
    assert_eq!(person.pages()[0]["nonce"], "of mine");
}

#[tokio::test]
async fn a_hundred_requests_open_one_page_and_a_refusal_reaches_all_of_them() {
    let person =
        Person::answering(&["?error=access_denied&error_description=not+%3Cme%3E&state={state}"]);
    let (client, log) = answering(&[GOOD]);
    let auth = login(&person, client).build().unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let auth = auth.clone();
        waiting.spawn(async move { auth.token().await.map(drop) });
    }
    while let Some(outcome) = waiting.join_next().await {
        let error = outcome.unwrap().unwrap_err();
        assert_eq!(kind(&error), TokenErrorKind::Authorization);
        let cause = TokenError::of(&error).unwrap();
        assert_eq!(cause.code(), Some(ErrorCode::AccessDenied));
        assert_eq!(cause.response().unwrap().description(), Some("not <me>"));
        assert!(error.to_string().contains("`clear`"), "{error}");
    }
    // Nobody is asked again, however many requests come.
    auth.token().await.unwrap_err();
    assert_eq!(person.pages().len(), 1);
    assert!(log.all().is_empty(), "the token endpoint was asked");
    let shown = person.shown().await;
    assert!(shown.contains("access_denied: not &lt;me&gt;"), "{shown}");

    auth.clear().await.unwrap();
    auth.token().await.unwrap_err();
    assert_eq!(person.pages().len(), 2);
}

#[tokio::test]
async fn an_error_without_a_description_is_explained_in_the_words_of_the_rfc() {
    let person = Person::answering(&["?error=access_denied&state={state}&error_uri=https://u"]);
    let auth = login(&person, answering(&[GOOD]).0).build().unwrap();
    let error = auth.token().await.unwrap_err();
    let response = TokenError::of(&error).unwrap().response().unwrap().clone();
    assert_eq!(
        response.explanation(),
        "access_denied: The resource owner or authorization server denied the request.\nMore information can be found on \
         https://u"
    );
    let shown = person.shown().await;
    assert!(
        shown.contains("denied the request.<br>More information"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_answer_with_another_state_is_not_looked_at_and_the_right_one_still_counts() {
    let person = Person::answering(&[
        "?code=stolen&state=of-another-login",
        "?code=stolen",
        "?error=access_denied",
        "?code=stolen&state={state}&state={state}",
        "?error=access_denied&state={state}x",
        "?code=c1&state={state}",
    ]);
    let (client, log) = answering(&[GOOD]);
    let auth = login(&person, client).build().unwrap();
    auth.token().await.unwrap();
    assert_eq!(form(&log.last().body)["code"], "c1");
    assert_eq!(log.all().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_and_the_next_login_works() {
    for answer in [
        "?state={state}",
        "?code=&state={state}",
        "?code=a&code=b&state={state}",
        "state={state}",
    ] {
        let person = Person::answering(&[answer]);
        let (client, _) = answering(&[GOOD]);
        let auth = login(&person, client.clone()).build().unwrap();
        let error = auth.token().await.unwrap_err();
        assert_eq!(kind(&error), TokenErrorKind::Answer, "{answer}: {error}");
        assert!(
            error.to_string().contains("https://as.example/authorize"),
            "{error}"
        );
        let auth = login(&Person::with_code(), client).build().unwrap();
        auth.token().await.unwrap();
    }
}

fn metadata(more: &str, client: &HttpClient) -> ServerMetadata {
    let document = format!(
        r#"{{"issuer":"https://as.example","authorization_endpoint":"{PAGE}","token_endpoint":"{TOKEN}"{more}}}"#
    );
    let _ = client;
    ServerMetadata::parse("https://as.example", &document).unwrap()
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused_errors_too() {
    const PROMISED: &str = r#","authorization_response_iss_parameter_supported":true"#;
    let right = "?code=c1&state={state}&iss=https://as.example";
    for (answer, promised, good) in [
        (right, "", true),
        (right, PROMISED, true),
        ("?code=c1&state={state}", "", true),
        ("?code=c1&state={state}", PROMISED, false),
        ("?code=c1&state={state}&iss=https://as.example/", "", false),
        (
            "?code=c1&state={state}&iss=https://evil.example",
            PROMISED,
            false,
        ),
        (
            "?error=access_denied&state={state}&iss=https://evil.example",
            "",
            false,
        ),
    ] {
        let person = Person::answering(&[answer]);
        let (client, log) = answering(&[GOOD]);
        let server = metadata(promised, &client);
        let builder = server.authorization_code("cli").unwrap();
        let auth = builder
            .browser(person.browser())
            .http_client(client)
            .build()
            .unwrap();
        let token = auth.token().await;
        assert_eq!(token.is_ok(), good, "{answer} {promised}: {token:?}");
        if let Err(error) = token {
            assert_eq!(kind(&error), TokenErrorKind::AnswerOfOther);
            assert!(log.all().is_empty(), "the code went to the token endpoint");
        }
    }
}

#[tokio::test]
async fn a_refresh_token_goes_before_a_person() {
    let person = Person::with_code();
    let short = (
        200,
        r#"{"access_token":"a1","expires_in":0,"refresh_token":"r1"}"#,
    );
    let (client, log) = answering(&[
        short,
        (200, r#"{"access_token":"a2","expires_in":0}"#),
        (503, ""),
        (400, r#"{"error":"invalid_grant"}"#),
        GOOD,
    ]);
    let auth = login(&person, client)
        .back_off(Duration::ZERO, Duration::ZERO)
        .build()
        .unwrap();
    assert_eq!(auth.token().await.unwrap().expose(), "a1");
    assert_eq!(auth.token().await.unwrap().expose(), "a2");
    let body = form(&log.last().body);
    assert_eq!(
        (&*body["grant_type"], &*body["refresh_token"]),
        ("refresh_token", "r1")
    );
    // The server is broken: that is no reason to ask a person.
    auth.token().await.unwrap_err();
    assert_eq!(person.pages().len(), 1);
    // The refresh token is worthless.
    assert_eq!(auth.token().await.unwrap().expose(), "a1");
    assert_eq!(person.pages().len(), 2);
}

#[tokio::test]
async fn a_pushed_request_leaves_nothing_but_its_reference_to_the_browser() {
    // Nothing of the request is in the page, so the state comes from what was pushed.
    let pushed: Arc<Mutex<Option<String>>> = Arc::default();
    let (client, log) = answering(&[(201, r#"{"request_uri":"urn:x:1","expires_in":60}"#), GOOD]);
    let person = Person::answering(&[]);
    let (seen, from, kept) = (person.clone(), log.clone(), pushed.clone());
    let browser = Browser::builder().any_port().opener(move |visit: &Visit| {
        seen.open(visit)?;
        let state = form(&from.last().body)["state"].clone();
        *kept.lock().unwrap() = Some(from.last().body);
        send(visit.redirect_uri(), &format!("?code=c1&state={state}")).map(drop)
    });
    let server = metadata(
        r#","pushed_authorization_request_endpoint":"https://as.example/par","require_pushed_authorization_requests":true"#,
        &client,
    );
    let auth = server
        .authorization_code("cli")
        .unwrap()
        .client_auth(ClientAuth::basic("cli", "hunter2").unwrap())
        .scope("orders")
        .browser(browser.build().unwrap())
        .http_client(client)
        .build()
        .unwrap();
    auth.token().await.unwrap();
    let page = person.pages().pop().unwrap();
    let expected = [("client_id", "cli"), ("request_uri", "urn:x:1")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(page, HashMap::from(expected));
    let pushed = log.all().remove(0);
    assert_eq!(pushed.uri, "https://as.example/par");
    assert!(
        pushed.headers.contains_key("authorization"),
        "the client did not authenticate"
    );
    let body = form(&pushed.body);
    for name in [
        "client_id",
        "scope",
        "state",
        "redirect_uri",
        "code_challenge",
        "response_type",
    ] {
        assert!(body.contains_key(name), "{name}: {body:?}");
    }
    let code_verifier = &form(&log.last().body)["code_verifier"];
    assert_eq!(hash(code_verifier), body["code_challenge"]);
}

#[tokio::test]
async fn a_push_that_is_refused_opens_no_page() {
    let person = Person::with_code();
    let (client, _) = answering(&[(400, r#"{"error":"invalid_request"}"#), (201, "{}")]);
    for _ in 0..2 {
        let builder =
            login(&person, client.clone()).pushed_authorization_url("https://as.example/par");
        let error = builder.build().unwrap().token().await.unwrap_err();
        assert!(
            error.to_string().contains("https://as.example/par"),
            "{error}"
        );
    }
    assert!(person.pages().is_empty());
}

#[test]
fn a_server_that_wants_pushed_requests_and_says_not_where_is_refused() {
    let (client, _) = answering(&[GOOD]);
    let server = metadata(r#","require_pushed_authorization_requests":true"#, &client);
    assert_eq!(
        kind(&server.authorization_code("cli").unwrap_err()),
        TokenErrorKind::NoEndpoint
    );
}

#[test]
fn no_secret_can_be_put_into_the_address() {
    let (client, _) = answering(&[GOOD]);
    let person = Person::with_code();
    for secret in [
        "client_secret",
        "password",
        "client_assertion",
        "refresh_token",
        "code_verifier",
    ] {
        let error = login(&person, client.clone())
            .authorization_parameter(secret, "hunter2")
            .build()
            .unwrap_err();
        assert_eq!(error.parameter(), Some("authorization_parameter"));
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains(secret) && !shown.contains("hunter2"),
            "{shown}"
        );
        let url = format!("{PAGE}?a=1&{secret}=hunter2");
        let builder = OAuth2::authorization_code(&url, TOKEN, "cli").http_client(client.clone());
        let error = builder.build().unwrap_err();
        assert_eq!(error.parameter(), Some("authorization_url"));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    for made in [
        "state",
        "redirect_uri",
        "code_challenge",
        "code_challenge_method",
    ] {
        let error = login(&person, client.clone())
            .authorization_parameter(made, "x")
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("made for each login"), "{error}");
    }
    let insecure =
        OAuth2::authorization_code("http://as.example/", TOKEN, "cli").http_client(client);
    assert_eq!(
        insecure.build().unwrap_err().parameter(),
        Some("authorization_url")
    );
}

#[tokio::test]
async fn a_port_that_is_taken_asks_nobody_and_a_browser_that_never_comes_is_not_opened_again() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let person = Person::with_code();
    let opened = person.clone();
    let browser = Browser::builder()
        .port(port)
        .opener(move |visit: &Visit| opened.open(visit));
    let (client, _) = answering(&[GOOD]);
    let auth = login(&person, client.clone())
        .browser(browser.build().unwrap())
        .back_off(Duration::ZERO, Duration::ZERO)
        .build()
        .unwrap();
    let error = auth.token().await.unwrap_err();
    assert_eq!(kind(&error), TokenErrorKind::Browser);
    let cause = TokenError::of(&error).unwrap().browser().unwrap();
    assert_eq!(cause.kind(), BrowserErrorKind::PortTaken);
    assert!(person.pages().is_empty());
    drop(taken);
    auth.token().await.unwrap();

    let nobody = Person::answering(&[]);
    let auth = login(&nobody, client)
        .browser(nobody.browser_for(Duration::from_millis(200)))
        .build()
        .unwrap();
    for _ in 0..2 {
        let error = auth.token().await.unwrap_err();
        let cause = TokenError::of(&error).unwrap().browser().unwrap();
        assert_eq!(cause.kind(), BrowserErrorKind::TimedOut);
        assert!(error.to_string().contains("`clear`"), "{error}");
    }
    assert_eq!(nobody.pages().len(), 1);
}

#[tokio::test]
async fn a_login_that_is_done_right_after_it_was_cleared_away_stores_nothing() {
    let person = Person::with_code();
    let (begin, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (late, wait) = (person.clone(), Mutex::new(wait));
    let browser = Browser::builder().any_port().opener(move |visit: &Visit| {
        begin.send(()).map_err(io::Error::other)?;
        let waited = wait.lock().unwrap().recv();
        waited.map_err(io::Error::other)?;
        late.open(visit)
    });
    let store = MemoryStore::new();
    let (client, log) = answering(&[GOOD]);
    let auth = login(&person, client)
        .browser(browser.build().unwrap())
        .store(store.clone())
        .store_key("k")
        .build()
        .unwrap();
    let waiting = tokio::spawn({
        let auth = auth.clone();
        async move { auth.token().await.map(drop) }
    });
    begun.recv().await.unwrap();
    auth.clear().await.unwrap();
    waiting.await.unwrap().unwrap_err();
    go.send(()).unwrap();
    while log.all().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(store.load("k").await.unwrap().is_none());
}

#[tokio::test]
async fn a_stored_token_asks_nobody_and_another_scope_is_another_token() {
    let store = MemoryStore::new();
    let person = Person::with_code();
    let (client, _) = answering(&[GOOD]);
    let scheme = |scope: &str| {
        login(&person, client.clone())
            .scope(scope)
            .store(store.clone())
            .build()
            .unwrap()
    };
    scheme("orders").token().await.unwrap();
    scheme("orders").token().await.unwrap();
    assert_eq!(person.pages().len(), 1);
    scheme("invoices").token().await.unwrap();
    assert_eq!(person.pages().len(), 2);
}

#[tokio::test]
async fn nothing_that_the_token_request_says_hides_what_the_page_was_asked_from_the_key() {
    let store = MemoryStore::new();
    let person = Person::with_code();
    let (client, _) = answering(&[GOOD]);
    let builder = || login(&person, client.clone()).store(store.clone());
    let all = [
        builder().resource("https://a").resource("https://b"),
        builder().resource("https://c").resource("https://b"),
        builder().scope("read").parameter("scope", "x"),
        builder().scope("admin").parameter("scope", "x"),
        builder()
            .authorization_parameter("audience", "a")
            .audience("x"),
        builder()
            .authorization_parameter("audience", "b")
            .audience("x"),
    ];
    for (before, builder) in all.into_iter().enumerate() {
        builder.build().unwrap().token().await.unwrap();
        let pages = person.pages().len();
        assert_eq!(pages, before + 1, "it got the token of another");
    }
}

/// Keys that httpx_auth 0.23.1 made (`httpx_auth_cache_keys.json`).
#[tokio::test]
async fn tokens_are_shared_with_httpx_auth_under_its_keys() {
    const DEFAULTS: &str = "ce9c755b41b5e3c5b64c70598715d5de271023a53f39a67a70215d265d11d2bfb6ef6e9c701701e998e69cbdbf2\
                            cee29fd51d2a950aa05f59a20cf4a646099d5";
    const CLIENT_ID: &str = "93e7d63bf9546e35efb92236b0ce52fd9ad25bcb8196a0df214a9b64dee0d735f3525a990c9c8a80be4259764d05\
                             83ecfd9f8e27014b5c8dd55c1c6267c0fc0d";
    for (client_id, key) in [("", DEFAULTS), ("my id", CLIENT_ID)] {
        let store = MemoryStore::new();
        let person = Person::with_code();
        let auth = OAuth2::authorization_code(
            "https://provide_code",
            "https://provide_access_token",
            client_id,
        )
        .client_auth(ClientAuth::anonymous())
        .authorization_parameter("nonce", "123")
        .http_client(answering(&[GOOD]).0)
        .browser(person.browser())
        .store(store.clone())
        .httpx_auth_store_key()
        .build()
        .unwrap();
        auth.token().await.unwrap();
        assert_eq!(
            store.load(key).await.unwrap().unwrap().token().expose(),
            "a1"
        );
    }
}

#[tokio::test]
async fn providers_get_the_scopes_that_they_want_and_no_secret() {
    let person = Person::with_code();
    let (client, log) = answering(&[GOOD]);
    let auth = Provider::wakatime()
        .authorization_code("id")
        .client_auth(ClientAuth::post("id", "hunter2").unwrap())
        .scopes(["email", "read_stats"])
        .browser(person.browser())
        .http_client(client.clone())
        .build()
        .unwrap();
    auth.token().await.unwrap();
    let opened = person.opened.lock().unwrap()[0].clone();
    assert!(
        opened.starts_with("https://wakatime.com/oauth/authorize?client_id=id&"),
        "{opened}"
    );
    assert_eq!(query(&opened)["scope"], "email,read_stats");
    assert!(!opened.contains("hunter2"));
    assert_eq!(form(&log.last().body)["client_secret"], "hunter2");

    let okta = Provider::okta("a.okta.com", "default").unwrap();
    let auth = okta
        .authorization_code("id")
        .browser(person.browser())
        .http_client(client.clone());
    auth.build().unwrap().token().await.unwrap();
    let page = person.pages().pop().unwrap();
    assert_eq!(page["scope"], "openid");
    assert_eq!(page["nonce"].len(), 43);

    for provider in [
        Provider::wakatime(),
        Provider::google(),
        Provider::entra("contoso.com").unwrap(),
    ] {
        let builder = provider
            .authorization_code("id")
            .http_client(client.clone());
        assert_eq!(builder.build().unwrap_err().parameter(), Some("scope"));
    }
}

#[cfg(feature = "implicit")]
mod implicit {
    use super::*;
    use tower_auth_oauth2::Implicit;

    fn implicit(person: &Person) -> OAuth2Builder<Implicit> {
        OAuth2::implicit(PAGE, "spa")
            .browser(person.browser())
            .http_client(answering(&[GOOD]).0)
    }

    #[tokio::test]
    async fn a_token_comes_from_the_fragment_or_by_a_form_and_never_from_another_login() {
        let person = Person::answering(&[
            "?",
            "access_token=stolen&state=other",
            "access_token=a9&token_type=bearer&expires_in=3600&state={state}",
        ]);
        let auth = implicit(&person).scope("x").build().unwrap();
        assert_eq!(auth.token().await.unwrap().expose(), "a9");
        let page = person.pages().pop().unwrap();
        assert_eq!(
            (&*page["response_type"], &*page["client_id"]),
            ("token", "spa")
        );
        assert!(
            person.shown().await.contains("location.hash"),
            "{}",
            person.shown().await
        );
        // It has a lifetime, so nobody is asked again.
        auth.token().await.unwrap();
        assert_eq!(person.pages().len(), 1);
    }

    #[tokio::test]
    async fn less_than_is_required_and_a_lifetime_that_was_set_are_heeded() {
        let person = Person::answering(&["access_token=a9&scope=read&state={state}"]);
        let auth = implicit(&person)
            .scope("read write")
            .require_granted_scope();
        let error = auth.build().unwrap().token().await.unwrap_err();
        assert_eq!(kind(&error), TokenErrorKind::ScopeNotGranted);

        let person = Person::answering(&["access_token=a9&state={state}"]);
        let auth = implicit(&person).token_lifetime(Duration::ZERO);
        let auth = auth.build().unwrap();
        for _ in 0..2 {
            auth.token().await.unwrap();
        }
        assert_eq!(person.pages().len(), 2);
    }

    #[tokio::test]
    async fn a_token_of_a_type_that_cannot_be_sent_is_refused() {
        let person = Person::answering(&["access_token=a9&token_type=mac&state={state}"]);
        let error = implicit(&person)
            .build()
            .unwrap()
            .token()
            .await
            .unwrap_err();
        assert_eq!(kind(&error), TokenErrorKind::TokenType);
    }

    #[test]
    fn a_page_in_the_clear_is_refused_by_its_name() {
        let builder = OAuth2::implicit("http://as.example/authorize", "spa");
        let error = builder.http_client(answering(&[GOOD]).0).build();
        assert_eq!(error.unwrap_err().parameter(), Some("authorization_url"));
    }

    #[tokio::test]
    async fn an_answer_of_another_issuer_than_that_of_the_provider_is_refused() {
        let person = Person::answering(&["access_token=a9&state={state}&iss=https://evil.example"]);
        let okta = Provider::okta("a.okta.com", "default").unwrap();
        let builder = okta.implicit("spa").browser(person.browser());
        let auth = builder.http_client(answering(&[GOOD]).0).build().unwrap();
        let error = auth.token().await.unwrap_err();
        assert_eq!(kind(&error), TokenErrorKind::AnswerOfOther);
    }

    #[tokio::test]
    async fn an_id_token_has_to_be_of_this_login() {
        for (nonce, good) in [("mine", true), ("of another", false)] {
            let token = id_token(&format!(r#"{{"nonce":"{nonce}","exp":4000000000}}"#));
            let person = Person::answering(&[&format!("id_token={token}&state={{state}}")]);
            let auth = implicit(&person)
                .authorization_parameter("response_type", "id_token")
                .authorization_parameter("response_mode", "form_post")
                .authorization_parameter("nonce", "mine")
                .token_field_name("id_token")
                .build()
                .unwrap();
            let outcome = auth.token().await;
            assert_eq!(outcome.is_ok(), good, "{outcome:?}");
            if let Err(error) = outcome {
                assert_eq!(kind(&error), TokenErrorKind::Nonce);
            }
        }
    }
}
