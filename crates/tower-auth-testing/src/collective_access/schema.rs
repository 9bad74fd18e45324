//! `login`, `refresh` and `validate`: all of them queries.

use super::{Claims, Issuer, Refusal, User};
use async_graphql::{Context, Error, ErrorExtensions as _, Object, Result, SimpleObject};
use std::sync::atomic::Ordering;

/// The request that is being answered.
pub(super) struct Asked {
    pub(super) issuer: Issuer,
    pub(super) token: Option<String>,
}

/// Set on errors that are about an expired token, and taken off again by the envelope.
pub(super) const EXPIRED: &str = "expiredToken";

pub(super) struct Query;

#[derive(SimpleObject)]
#[graphql(name = "User")]
struct LoggedIn {
    id: Option<u64>,
    user: Option<UserInfo>,
    jwt: Option<String>,
    refresh: Option<String>,
}

#[derive(SimpleObject)]
struct Refresh {
    jwt: Option<String>,
}

#[derive(SimpleObject)]
struct UserInfo {
    id: u64,
    username: String,
    email: Option<String>,
    fname: Option<String>,
    lname: Option<String>,
    userclass: u8,
}

impl From<&User> for UserInfo {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            username: user.name.clone(),
            email: None,
            fname: None,
            lname: None,
            userclass: 0,
        }
    }
}

#[Object]
impl Query {
    async fn login(
        &self,
        ctx: &Context<'_>,
        username: Option<String>,
        password: Option<String>,
    ) -> Result<Option<LoggedIn>> {
        let issuer = &ctx.data::<Asked>()?.issuer;
        issuer.0.logins.fetch_add(1, Ordering::SeqCst);
        let (name, password) = (username.unwrap_or_default(), password.unwrap_or_default());
        let settings = &issuer.0.settings;
        let user = settings
            .users
            .iter()
            .find(|user| user.name == name && same(user.password.expose(), &password));
        Ok(Some(LoggedIn {
            id: user.map(|user| user.id),
            user: user.map(Into::into),
            jwt: user.and_then(|user| issuer.issue(user, settings.access_lifetime)),
            refresh: user.and_then(|user| issuer.issue(user, settings.refresh_lifetime)),
        }))
    }

    async fn refresh(&self, ctx: &Context<'_>, token: Option<String>) -> Result<Option<Refresh>> {
        let asked = ctx.data::<Asked>()?;
        let issuer = &asked.issuer;
        issuer.0.refreshes.fetch_add(1, Ordering::SeqCst);
        let Some(token) = token.as_deref().or(asked.token.as_deref()) else {
            return Ok(Some(Refresh { jwt: None }));
        };
        let Some(claims) = check(ctx, issuer, token) else {
            return Ok(None);
        };
        let settings = &issuer.0.settings;
        let jwt = if settings.copies_claims {
            issuer.sign(&claims)
        } else {
            issuer
                .user(claims.id)
                .and_then(|user| issuer.issue(user, settings.access_lifetime))
        };
        Ok(Some(Refresh { jwt }))
    }

    async fn validate(&self, ctx: &Context<'_>, jwt: Option<String>) -> Result<Option<UserInfo>> {
        let asked = ctx.data::<Asked>()?;
        let token = jwt
            .as_deref()
            .or(asked.token.as_deref())
            .unwrap_or_default();
        let claims = check(ctx, &asked.issuer, token);
        let user = claims.and_then(|claims| asked.issuer.user(claims.id));
        Ok(user.map(Into::into))
    }
}

/// The claims of a token. When it is not accepted, the field is null and has an error of its own.
fn check(ctx: &Context<'_>, issuer: &Issuer, token: &str) -> Option<Claims> {
    let refusal = match issuer.check(token) {
        Ok(claims) => return Some(claims),
        Err(refusal) => refusal,
    };
    let mut error = Error::new("Internal server error");
    if refusal == Refusal::Expired {
        error = error.extend_with(|_, extensions| extensions.set(EXPIRED, true));
    }
    ctx.add_error(ctx.set_error_path(error.into_server_error(ctx.item.pos)));
    None
}

/// Takes as long whether they differ early or late.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one
            .bytes()
            .zip(other.bytes())
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}
