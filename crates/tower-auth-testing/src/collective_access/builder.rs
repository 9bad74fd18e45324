//! Builds an issuer, and refuses keys that can be guessed.

use super::{Inner, Issuer, Settings, User, schema};
use async_graphql::{EmptyMutation, EmptySubscription, Schema};
use jsonwebtoken::{DecodingKey, EncodingKey};
use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};
use tower_auth_core::{AuthError, Clock, Secret};

/// Builds an [`Issuer`].
#[must_use]
pub struct IssuerBuilder {
    key: Secret,
    settings: Settings,
}

/// HS256 wants a key as long as its hash (RFC 7518 section 3.2).
const SHORTEST: usize = 32;

/// What keys are made of that nobody changed. Compared without case, and without anything but letters and digits.
const PLACEHOLDERS: [&str; 18] = [
    "abcdefgh",
    "changeme",
    "changethis",
    "collectiveaccess",
    "default",
    "example",
    "insecure",
    "jwtsecret",
    "placeholder",
    "qwerty",
    "replaceme",
    "replacethis",
    "tokenkey",
    "yourkey",
    "yoursecret",
    "secretkey",
    "password",
    "0123456789",
];

impl IssuerBuilder {
    pub(super) fn new(key: Secret) -> Self {
        Self {
            key,
            settings: Settings {
                site: "localhost".to_owned(),
                access_lifetime: Duration::from_secs(600),
                refresh_lifetime: Duration::from_secs(86_400),
                copies_claims: false,
                users: Vec::new(),
                clock: Clock::system(),
            },
        }
    }

    /// The host name of the site, for `iss` and `aud`. Default: `localhost`.
    pub fn site(mut self, host: impl Into<String>) -> Self {
        self.settings.site = host.into();
        self
    }

    /// How long an access token is good, in whole seconds. Default: 600 seconds. Common are 900.
    pub fn access_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.access_lifetime = lifetime;
        self
    }

    /// How long a refresh token is good, in whole seconds. Default: 86,400 seconds, a day.
    pub fn refresh_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.refresh_lifetime = lifetime;
        self
    }

    /// `refresh` answers with a token that has all the claims of the one it was sent, so with the very same token: that
    /// is what CollectiveAccess has done since November 2021. By default the token is new, as its documentation says.
    pub fn copies_claims(mut self) -> Self {
        self.settings.copies_claims = true;
        self
    }

    /// Somebody who may log in.
    pub fn user(mut self, id: u64, name: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.settings.users.push(User {
            id,
            name: name.into(),
            password: password.into(),
        });
        self
    }

    /// The clock. Default: the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// The issuer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when the key is shorter than 32 bytes, has
    /// fewer than 10 different ones or repeats itself, or looks as if nobody had changed it; when a lifetime is shorter than a second; when
    /// two users have one name.
    pub fn build(self) -> Result<Issuer, AuthError> {
        let Self { key, settings } = self;
        check_key(key.expose())?;
        let lifetimes = [
            ("access lifetime", settings.access_lifetime),
            ("refresh lifetime", settings.refresh_lifetime),
        ];
        for (parameter, lifetime) in lifetimes {
            if lifetime.as_secs() == 0 {
                return Err(AuthError::configuration(
                    parameter,
                    "is shorter than a second",
                ));
            }
        }
        let mut names = HashSet::new();
        if !settings.users.iter().all(|user| names.insert(&user.name)) {
            return Err(AuthError::configuration("user", "two have the same name"));
        }
        let secret = key.expose().as_bytes();
        Ok(Issuer(Arc::new(Inner {
            settings,
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            schema: Schema::build(schema::Query, EmptyMutation, EmptySubscription)
                .limit_depth(16)
                .limit_complexity(200)
                .finish(),
            logins: AtomicUsize::new(0),
            refreshes: AtomicUsize::new(0),
        })))
    }
}

fn check_key(key: &str) -> Result<(), AuthError> {
    let unusable = |why| Err(AuthError::configuration("token key", why));
    if key.len() < SHORTEST {
        return unusable("is shorter than 32 bytes; make it of random characters");
    }
    let bytes = key.as_bytes();
    let repeats = (1..=bytes.len() / 2).any(|period| bytes.starts_with(&bytes[period..]));
    if repeats || bytes.iter().collect::<HashSet<_>>().len() < 10 {
        return unusable("repeats itself; make it of random characters");
    }
    let plain: String = key
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect();
    if PLACEHOLDERS
        .iter()
        .any(|placeholder| plain.contains(placeholder))
    {
        return unusable("looks like a default; make it of random characters");
    }
    Ok(())
}

impl fmt::Debug for IssuerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerBuilder")
            .field("site", &self.settings.site)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_can_be_guessed_are_refused_without_being_shown() {
        for key in [
            "",
            "hunter2",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "please-change-me-please-change-me-please",
            "GRAPHQL_SERVICES_JWT_TOKEN_KEY_of_the_site",
            "01234567890123456789012345678901",
            "n2v8w0qYx7Jk4tR9n2v8w0qYx7Jk4tR9",
            "n2v8w0qYx7Jkn2v8w0qYx7Jkn2v8w0qYx",
            "my-jwt-secret-for-the-archive-2026",
            "AbCdEfGhIjKlMnOpQrStUvWxYz-n2v8w0",
        ] {
            let error = Issuer::builder(key).build().unwrap_err();
            assert_eq!(error.parameter(), Some("token key"), "{key}");
            assert!(key.is_empty() || !error.to_string().contains(key));
        }
        assert!(
            Issuer::builder("n2v8w0qYx7Jk4tR9sLm3eZ6uBh1cPd5a")
                .build()
                .is_ok()
        );
    }

    #[test]
    fn lifetimes_of_nothing_and_two_users_of_one_name_are_refused() {
        let builder = || Issuer::builder("n2v8w0qYx7Jk4tR9sLm3eZ6uBh1cPd5a");
        assert!(builder().access_lifetime(Duration::ZERO).build().is_err());
        assert!(
            builder()
                .refresh_lifetime(Duration::from_millis(900))
                .build()
                .is_err()
        );
        assert!(
            builder()
                .user(1, "a", "x")
                .user(2, "a", "y")
                .build()
                .is_err()
        );
    }
}
