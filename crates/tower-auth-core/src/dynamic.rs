//! Sums that are made at run time, from a configuration.

use crate::{
    AuthError, Authorize, Claim, Deferred, IntoSum, Observe, RequestHead, ResponseHead, Scheme,
    Slot, Step, Verdict, scheme, sum::first_duplicate,
};
use http::Request;
use std::{
    any::{Any, TypeId},
    fmt,
    future::Future,
    iter, mem,
    pin::Pin,
    sync::Arc,
};

/// Credentials of a type that is not known; nothing for schemes that have none.
type AnyCredentials = Option<Box<dyn Any + Send + Sync>>;
/// What is kept of them; nothing for schemes that keep nothing.
type AnySent = Option<Box<dyn Kept>>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, AuthError>> + Send>>;

/// A scheme or sum whose type is forgotten, for requests with a body of type `B`.
#[derive(Clone)]
pub struct BoxScheme<B> {
    scheme: Arc<dyn Erased<B> + Send + Sync>,
    finishes: bool,
}

impl<B> BoxScheme<B> {
    /// Forgets the type of a scheme.
    pub fn new<A>(scheme: A) -> Self
    where
        A: Authorize<B> + IntoSum + fmt::Debug + Send + Sync + 'static,
        A::Credentials: Send + Sync + 'static,
        A::Sent: Send + Sync + 'static,
        A::Acquire: Send + 'static,
    {
        Self {
            scheme: Arc::new(scheme),
            finishes: <A::Finisher as Slot>::FINISHES,
        }
    }
}

impl<B> fmt::Debug for BoxScheme<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scheme.fmt(f)
    }
}

/// A sum that is made at run time, with the rules of [`Sum`](crate::Sum): the finisher runs last, and conflicts are
/// errors.
///
/// The scheme is what is boxed, not the service: futures and services stay concrete. Schemes whose credentials never
/// change cost no allocation, others a few for each request; prefer `+` where the schemes are known.
///
/// ```
/// use tower_auth_core::{Basic, BoxScheme, HeaderApiKey, QueryApiKey, Schemes};
///
/// type Body = String;
/// let configured = [("basic", "user:password"), ("header", "key")];
///
/// let schemes = configured.iter().map(|(kind, secret)| {
///     Ok(match (*kind, secret.split_once(':')) {
///         ("basic", Some((user, password))) => BoxScheme::<Body>::new(Basic::new(user, password)?),
///         ("header", _) => BoxScheme::new(HeaderApiKey::new(secret)?),
///         _ => BoxScheme::new(QueryApiKey::new(secret)?),
///     })
/// });
/// let sum = Schemes::new(schemes.collect::<Result<Vec<_>, _>>()?)?;
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
pub struct Schemes<B>(Arc<[BoxScheme<B>]>);

impl<B> Schemes<B> {
    /// Sorts and checks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when two of them write the same header or query
    /// parameter, or when two of them write `Authorization` or sign.
    pub fn new(schemes: impl IntoIterator<Item = BoxScheme<B>>) -> Result<Self, AuthError> {
        let mut schemes: Vec<_> = schemes.into_iter().collect();
        schemes.sort_by_key(|scheme| scheme.finishes); // stable: keys keep their order
        let finishers = schemes.iter().filter(|scheme| scheme.finishes).count();
        if finishers > 1 {
            return Err(AuthError::configuration(
                "schemes",
                format!("{finishers} of them write `Authorization` or sign; keep one"),
            ));
        }
        let this = Self(schemes.into());
        match first_duplicate(|visit| Scheme::claims(&this, visit)) {
            Some(claim) => Err(AuthError::configuration(
                "schemes",
                format!("two of them write {claim}; give one of them another name"),
            )),
            None => Ok(this),
        }
    }
}

impl<B> Schemes<B> {
    /// The credentials of all of them; each gets its own by its index.
    fn acquire_each(
        &self,
        acquire: impl Fn(usize, &dyn Erased<B>) -> Step<AnyCredentials, BoxFuture<AnyCredentials>>,
    ) -> Step<AllCredentials, AcquireAll> {
        let mut ready = Vec::new(); // stays so, and is not allocated, while nobody has any
        let mut waiting = Vec::new();
        for (index, scheme) in self.0.iter().enumerate() {
            match acquire(index, &*scheme.scheme) {
                Step::Ready(None) => {}
                Step::Ready(credentials) => {
                    ready.resize_with(self.0.len(), || None);
                    ready[index] = credentials;
                }
                Step::Wait(future) => {
                    ready.resize_with(self.0.len(), || None);
                    waiting.push((index, future));
                }
            }
        }
        match (ready.is_empty(), waiting.is_empty()) {
            (true, _) => Step::Ready(AllCredentials(Vec::new())),
            (false, true) => Step::Ready(AllCredentials(ready)),
            (false, false) => Step::Wait(AcquireAll { ready, waiting }),
        }
    }
}

impl<B> Clone for Schemes<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B> fmt::Debug for Schemes<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter()).finish()
    }
}

impl<B> Scheme for Schemes<B> {
    type Mode = Deferred;
    type Credentials = AllCredentials;
    type Sent = AllSent;
    type Acquire = AcquireAll;

    fn acquire(&self, request: RequestHead<'_>) -> Step<Self::Credentials, AcquireAll> {
        self.acquire_each(|_, scheme| scheme.acquire(request))
    }

    fn acquire_again(
        &self,
        request: RequestHead<'_>,
        refused: &AllSent,
    ) -> Step<Self::Credentials, AcquireAll> {
        self.acquire_each(|index, scheme| {
            scheme.acquire_again(request, refused.0.get(index).unwrap_or(&None))
        })
    }

    fn is_same(&self, sent: &AllSent, next: &AllCredentials) -> bool {
        let sent = sent.0.iter().chain(iter::repeat(&None));
        let next = next.0.iter().chain(iter::repeat(&None));
        self.0
            .iter()
            .zip(sent.zip(next))
            .all(|(scheme, (sent, next))| scheme.scheme.is_same(sent, next))
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        for scheme in self.0.iter() {
            scheme.scheme.claims(visit);
        }
    }
}

impl<B> Authorize<B> for Schemes<B> {
    fn authorize(
        &self,
        credentials: AllCredentials,
        request: &mut Request<B>,
    ) -> Result<AllSent, AuthError> {
        let mut all = Vec::new(); // stays so, and is not allocated, while nobody keeps anything
        let credentials = credentials.0.into_iter().chain(iter::repeat_with(|| None));
        for (index, (scheme, credentials)) in self.0.iter().zip(credentials).enumerate() {
            if let Some(sent) = scheme.scheme.authorize(credentials, request)? {
                all.resize_with(self.0.len(), || None);
                all[index] = Some(sent);
            }
        }
        Ok(AllSent(all))
    }
}

/// The credentials of each of [`Schemes`]. An empty list stands for none at all.
pub struct AllCredentials(Vec<AnyCredentials>);

/// What each of [`Schemes`] keeps. An empty list stands for nothing at all.
pub struct AllSent(Vec<AnySent>);

impl Observe for AllSent {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        self.0
            .iter()
            .fold(Verdict::Accepted, |verdict, sent| match sent {
                Some(sent) => verdict.or(sent.observe(response)),
                None => verdict,
            })
    }
}

impl fmt::Debug for AllCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllCredentials").finish_non_exhaustive()
    }
}

impl fmt::Debug for AllSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllSent").finish_non_exhaustive()
    }
}

// It may hold a finisher, so it takes that place: further keys can be added, a further finisher cannot.
scheme!(finisher [B] Schemes<B>);

/// Gets hold of the credentials of several schemes, side by side.
#[must_use = "futures do nothing unless polled"]
pub struct AcquireAll {
    ready: Vec<AnyCredentials>,
    waiting: Vec<(usize, BoxFuture<AnyCredentials>)>,
}

impl Future for AcquireAll {
    type Output = Result<AllCredentials, AuthError>;

    fn poll(
        self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        let this = self.get_mut();
        let mut failed = None;
        this.waiting.retain_mut(|(index, future)| {
            match future.as_mut().poll(cx) {
                std::task::Poll::Pending => return true,
                std::task::Poll::Ready(Ok(credentials)) => this.ready[*index] = credentials,
                std::task::Poll::Ready(Err(error)) => failed = Some(error),
            }
            false
        });
        match failed {
            Some(error) => std::task::Poll::Ready(Err(error)),
            None if this.waiting.is_empty() => {
                std::task::Poll::Ready(Ok(AllCredentials(mem::take(&mut this.ready))))
            }
            None => std::task::Poll::Pending,
        }
    }
}

impl fmt::Debug for AcquireAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireAll").finish_non_exhaustive()
    }
}

// ===== a scheme without its type =====

trait Erased<B>: fmt::Debug {
    fn acquire(&self, request: RequestHead<'_>) -> Step<AnyCredentials, BoxFuture<AnyCredentials>>;
    fn acquire_again(
        &self,
        request: RequestHead<'_>,
        refused: &AnySent,
    ) -> Step<AnyCredentials, BoxFuture<AnyCredentials>>;
    fn is_same(&self, sent: &AnySent, next: &AnyCredentials) -> bool;
    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>));
    fn authorize(
        &self,
        credentials: AnyCredentials,
        request: &mut Request<B>,
    ) -> Result<AnySent, AuthError>;
}

/// What a scheme keeps, without its type.
trait Kept: Observe + Send + Sync {
    fn as_any(&self) -> &dyn Any;
}

impl<T: Observe + Send + Sync + 'static> Kept for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<A, B> Erased<B> for A
where
    A: Authorize<B> + fmt::Debug,
    A::Credentials: Send + Sync + 'static,
    A::Sent: Send + Sync + 'static,
    A::Acquire: Send + 'static,
{
    fn acquire(&self, request: RequestHead<'_>) -> Step<AnyCredentials, BoxFuture<AnyCredentials>> {
        erase_step(Scheme::acquire(self, request))
    }

    fn acquire_again(
        &self,
        request: RequestHead<'_>,
        refused: &AnySent,
    ) -> Step<AnyCredentials, BoxFuture<AnyCredentials>> {
        let refused = refused.as_ref().map(|refused| (**refused).as_any());
        erase_step(match refused.and_then(<dyn Any>::downcast_ref) {
            Some(refused) => Scheme::acquire_again(self, request, refused),
            None => Scheme::acquire(self, request), // it keeps nothing
        })
    }

    fn is_same(&self, sent: &AnySent, next: &AnyCredentials) -> bool {
        let nothing: &dyn Any = &();
        let sent = sent.as_ref().map_or(nothing, |sent| (**sent).as_any());
        let next = next.as_ref().map_or(nothing, |next| &**next);
        match (sent.downcast_ref(), next.downcast_ref()) {
            (Some(sent), Some(next)) => Scheme::is_same(self, sent, next),
            _ => false,
        }
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        Scheme::claims(self, visit);
    }

    fn authorize(
        &self,
        credentials: AnyCredentials,
        request: &mut Request<B>,
    ) -> Result<AnySent, AuthError> {
        let credentials = match credentials {
            Some(credentials) => credentials.downcast().ok().map(|credentials| *credentials),
            None => nothing(),
        };
        let credentials = credentials.ok_or_else(|| {
            AuthError::new(
                crate::ErrorKind::Credentials,
                "these credentials belong to another scheme",
            )
        })?;
        let sent = Authorize::authorize(self, credentials, request)?;
        Ok((!is_nothing::<A::Sent>()).then(|| Box::new(sent) as Box<dyn Kept>))
    }
}

/// Most schemes have no credentials and keep nothing: no need to allocate.
fn is_nothing<T: Any>() -> bool {
    TypeId::of::<T>() == TypeId::of::<()>()
}

fn erase<T: Any + Send + Sync>(credentials: T) -> AnyCredentials {
    (!is_nothing::<T>()).then(|| Box::new(credentials) as Box<dyn Any + Send + Sync>)
}

fn erase_step<T, F>(step: Step<T, F>) -> Step<AnyCredentials, BoxFuture<AnyCredentials>>
where
    T: Any + Send + Sync,
    F: Future<Output = Result<T, AuthError>> + Send + 'static,
{
    match step {
        Step::Ready(credentials) => Step::Ready(erase(credentials)),
        Step::Wait(acquire) => Step::Wait(Box::pin(async move { acquire.await.map(erase) })),
    }
}

/// `()`, if that is what is asked for.
fn nothing<T: Any>() -> Option<T> {
    let mut nothing = Some(());
    let nothing: &mut dyn Any = &mut nothing;
    nothing.downcast_mut::<Option<T>>()?.take()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Basic, HeaderApiKey, insert_header};
    use http::{HeaderName, HeaderValue};
    use std::{
        future::{Ready, ready},
        task::{Context, Waker},
    };

    /// Writes its credentials, which are at hand or not.
    #[derive(Clone, Debug)]
    struct Fetched {
        name: HeaderName,
        at_hand: bool,
    }

    impl Scheme for Fetched {
        type Mode = Deferred;
        type Credentials = HeaderValue;
        type Sent = ();
        type Acquire = Ready<Result<HeaderValue, AuthError>>;

        fn acquire(&self, _: RequestHead<'_>) -> Step<HeaderValue, Self::Acquire> {
            let credentials = HeaderValue::from_name(self.name.clone());
            if self.at_hand {
                Step::Ready(credentials)
            } else {
                Step::Wait(ready(Ok(credentials)))
            }
        }

        fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
            visit(Claim::Header(&self.name));
        }
    }

    impl<B> Authorize<B> for Fetched {
        fn authorize(&self, sent: HeaderValue, request: &mut Request<B>) -> Result<(), AuthError> {
            insert_header(request.headers_mut(), self.name.clone(), sent)
        }
    }

    scheme!(key Fetched);

    #[test]
    fn every_scheme_gets_its_own_credentials_and_not_its_neighbours() {
        let fetched = |name, at_hand| {
            let name = HeaderName::from_static(name);
            BoxScheme::<()>::new(Fetched { name, at_hand })
        };
        let key = || BoxScheme::new(HeaderApiKey::new("key").unwrap());
        let basic = || BoxScheme::new(Basic::new("user", "password").unwrap());
        for schemes in [
            vec![key(), basic()],
            vec![key(), fetched("a", true), basic()],
            vec![fetched("a", true), key(), fetched("b", true)],
            vec![key(), fetched("a", false), basic()],
            vec![fetched("a", true), key(), fetched("b", false), basic()],
            vec![fetched("a", false), fetched("b", true), fetched("c", false)],
        ] {
            let schemes = Schemes::new(schemes).unwrap();
            let mut request = Request::get("https://h/").body(()).unwrap();
            let credentials = match Scheme::acquire(&schemes, RequestHead::from(&request)) {
                Step::Ready(credentials) => credentials,
                Step::Wait(acquire) => {
                    let mut cx = Context::from_waker(Waker::noop());
                    match std::pin::pin!(acquire).poll(&mut cx) {
                        std::task::Poll::Ready(credentials) => credentials.unwrap(),
                        std::task::Poll::Pending => panic!("all of them are ready"),
                    }
                }
            };
            Authorize::authorize(&schemes, credentials, &mut request).unwrap();
            assert_eq!(request.headers().len(), schemes.0.len());
            for (name, value) in request.headers() {
                let fetched = name.as_str().len() == 1;
                assert!(!fetched || value == name.as_str(), "{name}: {value:?}");
            }
        }
    }
}
