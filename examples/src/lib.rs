//! What the examples talk to: servers on loopback that want a user name, a password and an API key.

pub mod oauth1_provider;

use axum::{Router, extract::Request};
use http::{HeaderMap, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use std::{error::Error, io};
use tokio::net::TcpListener;

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The user name that the servers want.
pub const USER: &str = "user";
/// The password that the servers want.
pub const PASSWORD: &str = "password";
/// The API key that the servers want, in `X-API-Key`.
pub const KEY: &str = "key";

/// What `user` and `password` are on the wire.
const BASIC: &str = "Basic dXNlcjpwYXNzd29yZA==";

/// A server on a port of its own.
#[derive(Debug)]
pub struct Server {
    origin: Uri,
}

impl Server {
    /// One that says what it saw: with status 200 when the credentials are right, else with 401.
    ///
    /// # Errors
    ///
    /// When there is no port to listen on.
    pub async fn start() -> io::Result<Self> {
        Self::serve(Router::new().fallback(async |request: Request| {
            let seen = format!("{} {}", request.method(), request.uri());
            match check(request.headers()) {
                Ok(()) => (StatusCode::OK, format!("{seen} with all credentials")),
                Err(missing) => (
                    StatusCode::UNAUTHORIZED,
                    format!("{seen} without {missing}"),
                ),
            }
        }))
        .await
    }

    /// One that answers by this router.
    ///
    /// # Errors
    ///
    /// When there is no port to listen on.
    pub async fn serve(router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let authority = listener.local_addr()?.to_string();
        tokio::spawn(async { axum::serve(listener, router).await });
        let origin = format!("http://{authority}").parse();
        Ok(Self {
            origin: origin.map_err(io::Error::other)?,
        })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &Uri {
        &self.origin
    }

    /// An address on this server; `path` begins with a slash.
    pub fn uri(&self, path: &str) -> String {
        format!("{}{}", self.origin, path.trim_start_matches('/'))
    }
}

/// Whether the credentials are those of the constants above.
///
/// # Errors
///
/// Says what is missing, or not the one it should be.
pub fn check(headers: &HeaderMap) -> Result<(), &'static str> {
    let is = |name, value| headers.get_all(name).iter().eq([value]);
    match (
        is(header::AUTHORIZATION.as_str(), BASIC),
        is("x-api-key", KEY),
    ) {
        (true, true) => Ok(()),
        (true, false) => Err("the API key"),
        (false, true) => Err("user name and password"),
        (false, false) => Err("any credentials"),
    }
}

/// Prints a response.
///
/// # Errors
///
/// When its status is not the one that is expected, or its body breaks off.
pub async fn show<B>(
    what: &str,
    response: Response<B>,
    expected: StatusCode,
) -> Result<(), BoxError>
where
    B: http_body::Body<Data: Send, Error: Into<BoxError>>,
{
    let status = response.status();
    let body = response.into_body().collect().await.map_err(Into::into)?;
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    println!("{what}: {status}: {body}");
    if status == expected {
        Ok(())
    } else {
        Err(format!("expected {expected}").into())
    }
}
