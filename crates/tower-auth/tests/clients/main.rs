//! One stack of layers over every client, against real servers on loopback.

mod boxed;
#[cfg(all(feature = "client", feature = "oauth2", feature = "token"))]
mod grpc;
mod hyper;
mod proxy;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "reqwest")]
mod reqwest_redirect;
#[cfg(feature = "reqwest")]
mod reqwest_uri;
mod server;
mod tonic;

use http::Uri;
use tower::Layer;
use tower_auth::{
    Basic, HeaderApiKey, SchemeExt, Sum,
    service::FixedAuth,
    sum::{Finisher, Key},
};

/// The stack of all these tests, over a client `S`.
type Stack<S> = FixedAuth<S, Sum<Key<HeaderApiKey>, Finisher<Basic>>>;

/// User name, password and an API key, for one origin.
fn stack<S>(origin: &Uri, client: S) -> Stack<S> {
    let auth = Basic::new("user", "password").unwrap() + HeaderApiKey::new("key").unwrap();
    auth.only_to(origin).unwrap().layer(client)
}

/// As they are on the wire.
const BASIC: &str = "Basic dXNlcjpwYXNzd29yZA==";
const KEY: &str = "key";
