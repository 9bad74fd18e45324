//! The scheme: tokens of a cache, put on requests.

use crate::{
    AccessToken, AcquireLoan, Cache, CacheBuilder, Lender, Loan, Placed, Placing, Source, ValueId,
    challenge,
};
use http::Request;
use std::fmt;
use tower_auth_core::{
    AuthError, Authorize, Claim, Deferred, Observe, RequestHead, ResponseHead, Scheme, Step,
    Verdict,
    bearer::{InAuthorization, Placement},
    scheme,
};

/// Tokens that are fetched when they are needed, as `Authorization: Bearer <token>` or wherever else: a scheme.
///
/// It is a finisher of sums in `Authorization`, a key anywhere else, and takes requests with any body. While the token
/// is good, a request costs little more than with a fixed [`Bearer`](tower_auth_core::Bearer), and allocates nothing.
///
/// A 401 drops the token, when it is still the current one; with
/// [`replay`](tower_auth_core::SchemeExt::replay), the request is sent once more with another one. A challenge of
/// `insufficient_scope` (RFC 6750 section 3.1) or `insufficient_user_authentication` (RFC 9470) does not: another token
/// of the same kind would be refused as well.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
/// use http::{Request, Response};
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::{AuthError, SchemeExt};
/// use tower_auth_token::{Fetched, Token, TokenAuth};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = tower::service_fn(async |request: Request<()>| {
///     Ok::<_, Infallible>(Response::new(request.headers()["authorization"].clone()))
/// });
///
/// let auth = TokenAuth::bearer(async || {
///     let token = Token::from("mF_9.B5f-4.1JqM"); // asked of somebody
///     Ok::<_, AuthError>(Fetched::new(token).lifetime(Duration::from_secs(3600)))
/// });
/// let client = auth.only_to("https://api.example.com")?.layer(http);
/// let response = client.oneshot(Request::get("https://api.example.com/").body(())?).await?;
/// assert_eq!(response.into_body(), "Bearer mF_9.B5f-4.1JqM");
/// # Ok(())
/// # }
/// ```
pub struct TokenAuth<S, P = InAuthorization>
where
    S: Source<Value: AccessToken>,
    P: Placement + Send + Sync + 'static,
{
    tokens: Lender<Placing<S, P>>,
    judge: Option<Judge>,
}

/// Says whether a response means that the token was refused, and another one could do better.
pub type Judge = fn(ResponseHead<'_>) -> bool;

impl<S: Source<Value: AccessToken>> TokenAuth<S> {
    /// `Authorization: Bearer <token>` (RFC 6750 section 2.1), cached with the defaults.
    pub fn bearer(source: S) -> Self {
        Self::new(source, InAuthorization::default())
    }
}

impl<S, P> TokenAuth<S, P>
where
    S: Source<Value: AccessToken>,
    P: Placement + Send + Sync + 'static,
{
    /// Tokens of this source in this place, cached with the defaults.
    pub fn new(source: S, placement: P) -> Self {
        Self::from_cache(Self::cache_builder(source, placement).build())
    }

    /// To tell the cache more; what it builds goes into [`from_cache`](Self::from_cache).
    pub fn cache_builder(source: S, placement: P) -> CacheBuilder<Placing<S, P>> {
        Cache::builder(Placing::new(source, placement))
    }

    /// Tokens of this cache, which may be shared with others.
    pub fn from_cache(cache: Cache<Placing<S, P>>) -> Self {
        Self {
            tokens: Lender::new(cache),
            judge: None,
        }
    }

    /// Another judge of responses. The default is [`is_token_refused`](crate::is_token_refused).
    #[must_use]
    pub fn with_judge(self, judge: Judge) -> Self {
        let judge = Some(judge);
        Self { judge, ..self }
    }

    /// The cache: to log out, or to look at the token.
    pub fn cache(&self) -> &Cache<Placing<S, P>> {
        self.tokens.cache()
    }
}

impl<S, P> Scheme for TokenAuth<S, P>
where
    S: Source<Value: AccessToken>,
    P: Placement + Send + Sync + 'static,
{
    type Mode = Deferred;
    type Credentials = Loan<Placed<S::Value, P>>;
    type Sent = SentToken;
    type Acquire = AcquireLoan<Placed<S::Value, P>>;

    fn acquire(
        &self,
        _: RequestHead<'_>,
        _: Option<&SentToken>,
    ) -> Step<Self::Credentials, Self::Acquire> {
        self.tokens.lend()
    }

    #[inline(always)]
    fn acquire_mut(&mut self, _: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        self.tokens.lend_mut()
    }

    fn is_same(&self, sent: &SentToken, next: &Self::Credentials) -> bool {
        self.tokens.is_same(sent.id, next)
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(self.cache().source().placement().claim());
    }
}

impl<B, S, P> Authorize<B> for TokenAuth<S, P>
where
    S: Source<Value: AccessToken>,
    P: Placement + Send + Sync + 'static,
{
    #[inline]
    fn authorize(
        &self,
        loan: Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<SentToken, AuthError> {
        let placement = self.cache().source().placement();
        let (token, id) = self.tokens.value(&loan)?;
        placement.put(token.placed(), request)?;
        Ok(SentToken {
            id,
            judge: self.judge,
        })
    }
}

/// Which token a request carries.
#[derive(Clone, Copy, Debug)]
pub struct SentToken {
    id: ValueId,
    judge: Option<Judge>,
}

impl SentToken {
    /// A token whose refusals [`is_token_refused`](crate::is_token_refused) judges.
    #[inline]
    pub fn new(id: ValueId) -> Self {
        Self { id, judge: None }
    }

    /// Another judge.
    #[must_use]
    pub fn with_judge(self, judge: Judge) -> Self {
        let judge = Some(judge);
        Self { judge, ..self }
    }

    /// Which token.
    pub fn id(&self) -> ValueId {
        self.id
    }
}

impl Observe for SentToken {
    #[inline]
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        let is_refused = match self.judge {
            None => challenge::is_token_refused(response),
            Some(judge) => judge(response),
        };
        if is_refused {
            self.id.refused()
        } else {
            Verdict::Accepted
        }
    }
}

scheme!(slot(<P as Placement>::Slot)
    [T: Source<Value: AccessToken>, P: Placement + Send + Sync + 'static] TokenAuth<T, P>);

impl<S, P> Clone for TokenAuth<S, P>
where
    S: Source<Value: AccessToken>,
    P: Placement + Send + Sync + 'static,
{
    fn clone(&self) -> Self {
        Self {
            tokens: self.tokens.clone(),
            judge: self.judge,
        }
    }
}

impl<S, P> fmt::Debug for TokenAuth<S, P>
where
    S: Source<Value: AccessToken>,
    P: Placement + Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAuth")
            .field("cache", self.cache())
            .finish_non_exhaustive()
    }
}
