//! The `Auth` service of CollectiveAccess: logs in by GraphQL, issues and checks JWTs.
//!
//! For tests, and for small deployments that want the same interface. The answers have the shape of the real service:
//! the envelope `{"ok": …, "errors": …, "data": …}`, a failed login as status 200 with a null `jwt`, an expired token as
//! status 401 with `expiredToken`, everything else that is wrong as status 500 with a message that says nothing.

mod builder;
mod claims;
mod envelope;
mod schema;
mod service;

pub use self::{
    builder::IssuerBuilder,
    claims::{Claims, Refusal},
};

use async_graphql::{EmptyMutation, EmptySubscription, Schema};
use jsonwebtoken::{DecodingKey, EncodingKey};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tower_auth_core::{Clock, Secret};

/// Issues and checks JWTs (HS256), and answers `login`, `refresh` and `validate`. Clones share the users and counters.
///
/// It is a `Service<http::Request<B>>`, for axum's `route_service` or for direct calls.
///
/// ```
/// use std::time::Duration;
/// use tower_auth_testing::collective_access::Issuer;
///
/// let issuer = Issuer::builder("n2v8w0qYx7Jk4tR9sLm3eZ6uBh1cPd5a")
///     .access_lifetime(Duration::from_secs(900))
///     .refresh_lifetime(Duration::from_secs(7 * 86_400))
///     .user(2, "api", "open sesame")
///     .build()?;
/// assert!(Issuer::builder("too short").build().is_err());
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone)]
pub struct Issuer(Arc<Inner>);

struct Inner {
    settings: Settings,
    encoding: EncodingKey,
    decoding: DecodingKey,
    schema: Schema<schema::Query, EmptyMutation, EmptySubscription>,
    logins: AtomicUsize,
    refreshes: AtomicUsize,
}

/// What the builder was told.
struct Settings {
    site: String,
    access_lifetime: Duration,
    refresh_lifetime: Duration,
    copies_claims: bool,
    users: Vec<User>,
    clock: Clock,
}

#[derive(Clone)]
struct User {
    id: u64,
    name: String,
    password: Secret,
}

impl Issuer {
    /// An issuer that signs with this key.
    pub fn builder(token_key: impl Into<Secret>) -> IssuerBuilder {
        IssuerBuilder::new(token_key.into())
    }

    /// How many logins were asked for, failed ones too.
    pub fn logins(&self) -> usize {
        self.0.logins.load(Ordering::SeqCst)
    }

    /// How many refreshes were asked for, failed ones too.
    pub fn refreshes(&self) -> usize {
        self.0.refreshes.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("site", &self.0.settings.site)
            .field("access_lifetime", &self.0.settings.access_lifetime)
            .field("refresh_lifetime", &self.0.settings.refresh_lifetime)
            .field("users", &self.0.settings.users.len())
            .finish_non_exhaustive()
    }
}
