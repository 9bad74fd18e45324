//! Everything that is traced, printed and reported, of all schemes over real connections: no secret is in it.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    response::IntoResponse,
};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use std::{
    error::Error as StdError,
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex, OnceLock},
};
use tower::{Layer, Service, ServiceExt};
use tower_auth::{
    Basic, Bearer, BoxScheme, HeaderApiKey, QueryApiKey, RequestAuth, SchemeExt, Schemes, aws,
    digest, graphql, netrc, oauth1, oauth2, replay::Cloned, reqwest_client,
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Long enough for an HMAC, and with what has to be escaped.
const SECRET: &str = "Pl4nted/s3cret+of&those=who read-this-not";

/// Everything that is traced in this process, at every level, by whatever crate.
#[derive(Clone, Default)]
struct Traced(Arc<Mutex<String>>);

impl Visit for Traced {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = writeln!(self.0.lock().unwrap(), "{}={value:?}", field.name());
    }
}

impl Subscriber for Traced {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// From the beginning, and on every thread: connections are tasks of their own.
fn traced() -> Traced {
    static TRACED: OnceLock<Traced> = OnceLock::new();
    let traced = TRACED.get_or_init(|| {
        let traced = Traced::default();
        tracing::subscriber::set_global_default(traced.clone()).expect("set once");
        traced
    });
    traced.clone()
}

/// The secret as it might be written.
fn spellings() -> Vec<String> {
    let percent = |upper: bool| -> String {
        SECRET
            .bytes()
            .map(|byte| match byte {
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte if upper => format!("%{byte:02X}"),
                byte => format!("%{byte:02x}"),
            })
            .collect()
    };
    let mut all = vec![
        SECRET.to_owned(),
        SECRET.to_lowercase(),
        SECRET.chars().rev().collect(),
        percent(true),
        percent(false),
        percent(true).replace("%20", "+"),
        SECRET.bytes().map(|byte| format!("{byte:02x}")).collect(),
        SECRET.bytes().map(|byte| format!("{byte:02X}")).collect(),
        format!("{:?}", SECRET.as_bytes())[1..40].to_owned(),
        // Pieces of it.
        "Pl4nted".to_owned(),
        "s3cret".to_owned(),
        "read-this-not".to_owned(),
    ];
    // Within base64, wherever it begins.
    for padding in ["", "a", "ab"] {
        for text in [SECRET.to_owned(), percent(true)] {
            let encoded = base64(format!("{padding}{text}").as_bytes());
            all.push(encoded[4..encoded.len() - 4].to_owned());
            all.push(
                encoded[4..encoded.len() - 4]
                    .replace('+', "-")
                    .replace('/', "_"),
            );
        }
    }
    all
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for at in 0..=three.len() {
            text.push(char::from(LETTERS[(number >> (18 - 6 * at) & 63) as usize]));
        }
    }
    text
}

/// A server for all of them. `/refusing` says no and repeats what it was sent; `/digest` and `/graphql` want their kinds.
async fn answer(request: Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let said = format!(
        "{} {:?} {}",
        parts.uri,
        parts
            .headers
            .values()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect::<Vec<_>>(),
        String::from_utf8_lossy(&body)
    );
    let has = parts.headers.contains_key("authorization");
    match parts.uri.path() {
        "/digest" if !has => (
            StatusCode::UNAUTHORIZED,
            [(
                "www-authenticate",
                "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256",
            )],
        )
            .into_response(),
        "/token" => json(&serde_json::json!({
            "access_token": SECRET.replace(' ', "."), "refresh_token": SECRET, "token_type": kind(&parts.headers),
            "expires_in": 3600,
        }))
        .into_response(),
        "/graphql" if String::from_utf8_lossy(&body).contains("login") => {
            json(&serde_json::json!({"data": {"login": SECRET.replace(' ', ".")}})).into_response()
        }
        "/graphql" => json(&serde_json::json!({"data": {"a": 1}})).into_response(),
        path if path.starts_with("/refusing") => {
            let error = serde_json::json!({"error": "invalid_request", "error_description": said});
            (StatusCode::UNAUTHORIZED, json(&error)).into_response()
        }
        _ => Body::from("ok").into_response(),
    }
}

fn json(value: &serde_json::Value) -> impl IntoResponse {
    ([("content-type", "application/json")], value.to_string())
}

fn kind(headers: &http::HeaderMap) -> &'static str {
    if headers.contains_key("dpop") {
        "DPoP"
    } else {
        "Bearer"
    }
}

fn chain(error: &dyn StdError) -> String {
    let mut text = format!("{error} {error:?} {error:#?}\n");
    let mut next = error.source();
    while let Some(error) = next {
        let _ = writeln!(text, "{error} {error:?} {error:#?}");
        next = error.source();
    }
    text
}

/// What is shown by hand: `Debug` of values, and errors.
#[derive(Default)]
struct Shown(String);

impl Shown {
    fn value(&mut self, value: &impl Debug) {
        let _ = writeln!(self.0, "{value:?} {value:#?}");
    }

    fn error(&mut self, error: &dyn StdError) {
        self.0 += &chain(error);
    }

    /// Prints a layered client, sends three requests with it, and prints each as it was about to be sent.
    async fn requests<S, R>(&mut self, client: S, origin: &str, path: &str)
    where
        S: Service<http::Request<Full<Bytes>>, Response = http::Response<R>, Error: StdError>
            + Clone
            + Debug,
    {
        self.value(&client);
        for path in [path, "/refusing", "/elsewhere?a=b"] {
            let request = http::Request::post(format!("{origin}{path}"))
                .body(Full::from("a=b"))
                .unwrap();
            match client.clone().oneshot(request).await {
                Ok(response) => self.value(&response.headers()),
                Err(error) => self.error(&error),
            }
        }
    }
}

/// hyper's client; what it is given is printed, too.
fn over_hyper(
    printed: &Arc<Mutex<String>>,
) -> impl Service<
    http::Request<Full<Bytes>>,
    Response = http::Response<impl http_body::Body>,
    Error = hyper_util::client::legacy::Error,
    Future: Send,
> + Clone
+ Debug
+ Send
+ 'static {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let printed = Arc::clone(printed);
    tower::ServiceBuilder::new()
        .map_request(move |request: http::Request<Full<Bytes>>| {
            // The URI is left out: a key in a query is where it has to be.
            let _ = writeln!(printed.lock().unwrap(), "{:?}", request.headers());
            request
        })
        .service(client)
}

#[tokio::test]
async fn no_scheme_traces_prints_or_reports_a_secret_over_real_connections() {
    let traced = traced();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, Router::new().fallback(answer)).await });
    let printed = Arc::<Mutex<String>>::default();
    let client = || over_hyper(&printed);
    let mut shown = Shown::default();
    let url = |path: &str| format!("{origin}{path}");

    macro_rules! tried {
        ($scheme:expr, $path:expr) => {{
            let scheme = $scheme;
            shown.value(&scheme);
            shown.requests(scheme.layer(client()), &origin, $path).await;
        }};
    }
    let token = SECRET.replace(' ', ".");
    let sum = || {
        Basic::new("u", SECRET).unwrap()
            + HeaderApiKey::new(SECRET).unwrap()
            + QueryApiKey::new(SECRET).unwrap()
    };
    tried!(sum(), "/");
    tried!(Basic::new(SECRET, SECRET).unwrap(), "/");
    tried!(Basic::for_client(SECRET, SECRET).unwrap(), "/");
    tried!(sum().only_to(origin.as_str()).unwrap(), "/");
    tried!(Bearer::new(&token).unwrap(), "/");
    tried!(Bearer::in_query(&token, "access_token").unwrap(), "/");
    tried!(
        Bearer::in_header(&token, "x-token", "T {token}").unwrap(),
        "/"
    );
    shown.value(&RequestAuth::new(sum()));
    let schemes = [BoxScheme::<Full<Bytes>>::new(sum())];
    tried!(Schemes::new(schemes).unwrap().replay(Cloned), "/");
    tried!(
        digest::Digest::new("u", SECRET).unwrap().replay(Cloned),
        "/digest"
    );
    let digest = digest::Digest::new("u", SECRET).unwrap().integrity();
    tried!(digest.replay(Cloned), "/digest");
    let text = format!("machine 127.0.0.1 login u password \"{SECRET}\"");
    tried!(netrc::Netrc::parse(&text).unwrap(), "/");
    shown.error(&netrc::Netrc::parse(&format!("login u \"{SECRET}")).unwrap_err());
    for method in [
        oauth1::Method::HMAC_SHA1,
        oauth1::Method::HMAC_SHA256,
        oauth1::Method::PLAINTEXT,
    ] {
        let oauth = || {
            let oauth = oauth1::OAuth1::new("ck", SECRET).unwrap();
            oauth.token("t", SECRET).method(method.clone())
        };
        tried!(oauth(), "/");
        tried!(oauth().in_query(), "/");
    }
    let credentials = aws::Credentials::new("AKIDEXAMPLE", SECRET).unwrap();
    shown.value(&credentials);
    tried!(
        aws::SigV4::new("s3", "us-east-1", credentials).unwrap(),
        "/"
    );

    for path in ["/token", "/refusing", "/refusing?key=Pl4nted", "/no%20json"] {
        let token_url = url(path);
        macro_rules! grant {
            ($builder:expr) => {{
                let builder = $builder;
                shown.value(&builder);
                let scheme = builder.build().unwrap();
                if let Err(error) = scheme.token().await {
                    shown.error(&error);
                }
                tried!(scheme.replay(Cloned), "/");
            }};
        }
        let post = oauth2::ClientAuth::post("the-id", SECRET).unwrap();
        let jwt = oauth2::ClientAuth::secret_jwt("the-id", SECRET).unwrap();
        let key = oauth2::SigningKey::from_secret(oauth2::Algorithm::Hs256, SECRET).unwrap();
        shown.value(&key);
        grant!(oauth2::OAuth2::client_credentials(
            &token_url, "the-id", SECRET
        ));
        grant!(
            oauth2::OAuth2::client_credentials_as(&token_url, post.clone())
                .parameter("org", SECRET)
        );
        grant!(oauth2::OAuth2::client_credentials_as(&token_url, jwt));
        grant!(
            oauth2::OAuth2::client_credentials(&token_url, "the-id", SECRET)
                .dpop(oauth2::SigningKey::generate(oauth2::Algorithm::Es256).unwrap())
        );
        grant!(oauth2::OAuth2::refresh_token(&token_url, "the-id", SECRET));
        grant!(oauth2::OAuth2::token_exchange(&token_url, post, SECRET));
        grant!(oauth2::OAuth2::saml_bearer(&token_url, SECRET));
        grant!(oauth2::OAuth2::jwt_bearer(
            &token_url,
            oauth2::Assertion::new(key).issuer("the-id")
        ));
    }

    for path in ["/graphql", "/refusing"] {
        let below = || Client::builder(TokioExecutor::new()).build_http::<graphql::Body>();
        let login =
            graphql::GraphQlLogin::builder(url(path), graphql::GraphQlService::new(below())).login(
                "mutation ($p: String!) { login(p: $p) }",
                &serde_json::json!({"p": SECRET}),
                "login",
            );
        shown.value(&login);
        let login = login.build().unwrap();
        shown.value(&login);
        let builder = graphql::Client::builder(url(path)).unwrap();
        let client = builder
            .auth(graphql::VariableAuth::new(login, "jwt").unwrap())
            .unwrap()
            .build(below());
        shown.value(&client);
        let call = client
            .query("query ($p: String) { a }")
            .variables(serde_json::json!({"p": SECRET}));
        shown.value(&call);
        if let Err(error) = call.data::<serde_json::Value>().await {
            shown.error(&error);
        }
    }

    let builder = ::reqwest::Client::builder().no_proxy();
    let service = reqwest_client::ReqwestService::new(builder).unwrap();
    shown
        .requests(sum().layer(service.clone()), &origin, "/")
        .await;
    shown
        .requests(sum().layer(service), "http://127.0.0.1:1", "/")
        .await;

    let shown = shown.0 + &printed.lock().unwrap();
    let traced = traced.0.lock().unwrap().clone();
    // Both have something in them to look through.
    for (text, word) in [
        (&shown, "[redacted]"),
        (&shown, "invalid_request"),
        (&shown, "Sensitive"),
        (&traced, "asking for a token"),
        (&traced, "trying once more"),
    ] {
        assert!(text.contains(word), "{word}");
    }
    for (what, text) in [("shown", &shown), ("traced", &traced)] {
        for spelled in spellings() {
            if let Some(at) = text.find(&spelled) {
                let from = (0..=at.saturating_sub(400))
                    .rev()
                    .find(|at| text.is_char_boundary(*at));
                panic!(
                    "{what}: {spelled} in {}",
                    &text[from.unwrap()..at + spelled.len()]
                );
            }
        }
    }
}
