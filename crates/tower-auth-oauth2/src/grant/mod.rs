//! Grants: how a first token is had.

#[cfg(feature = "browser")]
mod authorization;
mod client_credentials;
mod custom;
mod device;
#[cfg(feature = "jwt")]
mod jwt_bearer;
#[cfg(feature = "password")]
mod password;
mod refresh_token;
mod saml_bearer;
mod token_exchange;

#[cfg(feature = "implicit")]
pub use self::authorization::Implicit;
#[cfg(feature = "browser")]
pub use self::authorization::{AuthorizationCode, BrowserGrant};
#[cfg(feature = "jwt")]
pub use self::jwt_bearer::JwtBearer;
#[cfg(feature = "password")]
pub use self::password::Password;
pub use self::{
    client_credentials::ClientCredentials,
    custom::Custom,
    device::{DeviceAuthorization, DeviceCode},
    refresh_token::RefreshToken,
    saml_bearer::SamlBearer,
    token_exchange::TokenExchange,
};

use crate::{
    TokenResponse, endpoint::TokenEndpoint, error::TokenError, form::Form, request::TokenRequest,
};
use std::{fmt, future::Future, pin::Pin, time::Duration};
use tower_auth_core::{AuthError, Secret};

pub(crate) type Obtain<'a> =
    Pin<Box<dyn Future<Output = Result<TokenResponse, TokenError>> + Send + 'a>>;

/// How a first token is had. The grants of this crate implement it, nobody else can: see
/// [`from_fn`](crate::OAuth2::from_fn) for a way of your own.
pub trait Grant: fmt::Debug + Send + Sync + 'static {
    /// Checks its options.
    #[doc(hidden)]
    fn check(self) -> Result<CheckedGrant, AuthError>;
}

/// A grant whose options were checked.
#[derive(Debug)]
#[doc(hidden)]
pub struct CheckedGrant(pub(crate) Box<dyn Flow>);

/// What a grant does.
pub(crate) trait Flow: fmt::Debug + Send + Sync + 'static {
    /// The form that asks for a token, or for what leads to one; `None` for a way that sends none.
    ///
    /// It is sent, and it is what tells this token from others in a store.
    fn form(&self, endpoint: &TokenEndpoint) -> Option<Form>;

    /// The same with where it is sent, which is the token endpoint.
    fn request(&self, endpoint: &TokenEndpoint) -> Option<Result<TokenRequest, AuthError>> {
        Some(Ok(endpoint.request(self.form(endpoint)?)))
    }

    /// A token, from scratch, by that request.
    fn obtain<'a>(&'a self, endpoint: &'a TokenEndpoint, request: TokenRequest) -> Obtain<'a> {
        Box::pin(async move { endpoint.ask(&request).await })
    }

    /// A token, from scratch, for what needs no endpoint.
    fn obtain_alone(&self) -> Option<Obtain<'_>> {
        None
    }

    /// What httpx_auth puts in front of the scope, for those grants that it has.
    fn httpx_auth_fields(&self) -> Option<Vec<(&'static str, Secret)>> {
        None
    }

    /// The authorization URL and what httpx_auth puts into its query for its key, for those grants that it has.
    fn httpx_auth_login(&self, _: &TokenEndpoint) -> Option<(&str, Vec<(String, Secret)>)> {
        None
    }

    /// Whether its tokens come with refresh tokens that are worth keeping.
    fn keeps_refresh_tokens(&self) -> bool {
        true
    }

    /// A refresh token to begin with.
    fn first_refresh_token(&self) -> Option<Secret> {
        None
    }

    /// Whether it does no harm to ask twice when the first answer is lost.
    fn is_repeatable(&self) -> bool {
        false
    }

    /// Whether a new beginning takes a person.
    fn is_interactive(&self) -> bool {
        false
    }

    /// Whether [`obtain`](Self::obtain) itself waits for one.
    fn waits_for_person(&self) -> bool {
        false
    }

    /// Whether the last [`obtain`](Self::obtain) got as far as asking one, and failed.
    fn person_was_asked(&self) -> bool {
        false
    }

    /// How long it may take, when that is longer than an exchange takes.
    fn patience(&self) -> Option<Duration> {
        None
    }
}

macro_rules! grant {
    ($($ty:ty),+) => { $(
        impl crate::grant::Grant for $ty {
            fn check(self) -> Result<crate::grant::CheckedGrant, tower_auth_core::AuthError> {
                self.validate()?;
                Ok(crate::grant::CheckedGrant(Box::new(self)))
            }
        }
    )+ };
}
pub(crate) use grant;
