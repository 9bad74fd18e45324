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
    bearer::{InAuthorization, Placement, Put},
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
/// of the same kind would be refused as well. Nor does what the [placement](Placement) refuses: a replay carries the same
/// token then.
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
    P: Placement,
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
    P: Placement,
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
    P: Placement,
{
    type Mode = Deferred;
    type Credentials = Loan<Placed<S::Value, P>>;
    type Sent = SentToken<P::Sent>;
    type Acquire = AcquireLoan<Placed<S::Value, P>>;

    fn acquire(
        &self,
        _: RequestHead<'_>,
        _: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, Self::Acquire> {
        self.tokens.lend()
    }

    #[inline(always)]
    fn acquire_mut(&mut self, _: RequestHead<'_>) -> Step<Self::Credentials, Self::Acquire> {
        self.tokens.lend_mut()
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        let placement = self.cache().source().placement();
        self.tokens.value(next).is_ok_and(|(token, id)| {
            id == sent.id && placement.is_same(&sent.placed, token.placed())
        })
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        self.cache().source().placement().claims(visit);
    }
}

impl<B, S, P> Authorize<B> for TokenAuth<S, P>
where
    S: Source<Value: AccessToken>,
    P: Put<B>,
{
    #[inline]
    fn authorize(
        &self,
        loan: Self::Credentials,
        request: &mut Request<B>,
    ) -> Result<Self::Sent, AuthError> {
        let placement = self.cache().source().placement();
        let (token, id) = self.tokens.value(&loan)?;
        Ok(SentToken {
            placed: placement.put(token.placed(), request)?,
            id,
            judge: self.judge,
        })
    }
}

/// Which token a request carries, and what its placement keeps of it.
#[derive(Clone, Copy, Debug)]
pub struct SentToken<P = ()> {
    placed: P,
    id: ValueId,
    judge: Option<Judge>,
}

impl SentToken {
    /// A token whose refusals [`is_token_refused`](crate::is_token_refused) judges.
    #[inline]
    pub fn new(id: ValueId) -> Self {
        Self {
            placed: (),
            id,
            judge: None,
        }
    }
}

impl<P> SentToken<P> {
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

/// The placement is asked first: what it refuses says nothing of the token, which stays as good as it was.
impl<P: Observe> Observe for SentToken<P> {
    #[inline]
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        let verdict = self.placed.observe(response);
        if verdict != Verdict::Accepted {
            return verdict;
        }
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
    [T: Source<Value: AccessToken>, P: Placement] TokenAuth<T, P>);

impl<S, P> Clone for TokenAuth<S, P>
where
    S: Source<Value: AccessToken>,
    P: Placement,
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
    P: Placement,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAuth")
            .field("cache", self.cache())
            .finish_non_exhaustive()
    }
}
