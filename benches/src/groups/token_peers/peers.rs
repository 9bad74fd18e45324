//! The peers, with a token in their caches.

use super::super::floors::TOKEN;
use crate::{Body, BoxError, InsertLayer};
use http::{
    HeaderMap, Request,
    header::{AUTHORIZATION, HeaderValue},
};
use huskarl::{
    authorizer::HttpAuthorizer,
    cache::{InMemoryTokenCache, TokenCache, TokenError, TokenSource as HuskarlSource},
    core::platform::{MaybeSendBoxFuture, SystemTime},
    grant::core::{RawTokenResponse, TokenResponse},
};
use std::{
    fmt,
    future::Future,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
};
use token_source::TokenSourceProvider as _;
use tokio::runtime::Builder;

/// What is there at once.
fn now<T, E: fmt::Display>(future: impl Future<Output = Result<T, E>>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(value)) => value,
        Poll::Ready(Err(error)) => panic!("the cache has no token: {error}"),
        Poll::Pending => panic!("the token is not in the cache"),
    }
}

/// The way that huskarl's documentation shows: headers from the authorizer.
pub(super) fn huskarl_headers()
-> Result<InsertLayer<impl Fn(&mut Request<Body>) + Clone + Send + Sync>, BoxError> {
    let authorizer = Arc::new(authorizer(Issued));
    now(authorizer.get_headers(&http::Method::GET, &http::Uri::default()));
    Ok(InsertLayer(move |request: &mut Request<Body>| {
        let headers: HeaderMap = now(authorizer.get_headers(request.method(), request.uri()));
        request.headers_mut().extend(headers);
    }))
}

pub(super) fn authorizer(source: impl HuskarlSource + 'static) -> HttpAuthorizer {
    let cache = InMemoryTokenCache::builder().source(source).build();
    HttpAuthorizer::builder().cache(cache).build()
}

/// The least that can be done with huskarl's cache: no map of headers in between.
pub(super) fn huskarl_token()
-> Result<InsertLayer<impl Fn(&mut Request<Body>) + Clone + Send + Sync>, BoxError> {
    let cache = InMemoryTokenCache::builder().source(Issued).build();
    let cache: Arc<dyn TokenCache> = Arc::new(cache);
    now(cache.token());
    Ok(InsertLayer(move |request: &mut Request<Body>| {
        let token = now(cache.token());
        let value = token.access_token().expose_header_value();
        let mut value = value.expect("a token that a header can carry");
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }))
}

/// A source of huskarl's that has its token at once.
struct Issued;

impl HuskarlSource for Issued {
    fn token(&self) -> MaybeSendBoxFuture<'_, Result<Arc<TokenResponse>, TokenError>> {
        Box::pin(std::future::ready(Ok(Arc::new(huskarl_response()))))
    }
}

/// What a token endpoint gives, as huskarl keeps it.
pub(super) fn huskarl_response() -> TokenResponse {
    let raw = RawTokenResponse::builder()
        .access_token(TOKEN)
        .token_type("Bearer")
        .expires_in(3600);
    let clock = tower_auth_core::Clock::system();
    let received: SystemTime = clock.now();
    let response = raw.build().into_token_response(None, received);
    response.expect("a type of token that it knows")
}

/// The traits of token-source, with the cache that gcloud-auth has behind them. It gives a text.
pub(super) fn token_source()
-> Result<InsertLayer<impl Fn(&mut Request<Body>) + Clone + Send + Sync>, BoxError> {
    use gcloud_auth::{
        credentials::CredentialsFile, project::Config, token::DefaultTokenSourceProvider,
    };
    let endpoint = endpoint()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let provider = runtime.block_on(async {
        let json = format!(
            r#"{{"type": "authorized_user", "client_id": "id", "client_secret": "secret",
                "refresh_token": "r", "token_uri": "{endpoint}"}}"#
        );
        let credentials = Box::new(CredentialsFile::new_from_str(&json).await?);
        DefaultTokenSourceProvider::new_with_credentials(Config::default(), credentials).await
    })?;
    let source = provider.token_source();
    Ok(InsertLayer(move |request: &mut Request<Body>| {
        // One copy of the text less than with `from_str`.
        let value = HeaderValue::try_from(now(source.token()));
        let mut value = value.expect("a token that a header can carry");
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }))
}

/// A token endpoint that answers one request, over loopback.
fn endpoint() -> Result<String, BoxError> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
            line.clear();
        }
        let mut body = Vec::new();
        reader.take(length).read_to_end(&mut body)?;
        let json =
            format!(r#"{{"access_token": "{TOKEN}", "token_type": "Bearer", "expires_in": 3600}}"#);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{json}",
            json.len()
        )
    });
    Ok(format!("http://{address}/token"))
}
