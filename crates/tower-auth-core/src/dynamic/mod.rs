//! Sums that are made at run time, from a configuration.

mod acquire;
mod boxed;
mod erased;

#[doc(hidden)]
pub use self::boxed::AnyPart;
pub use self::{
    acquire::AcquireAll,
    boxed::{BoxScheme, IntoPart},
};

use self::erased::{AnyCredentials, AnySent, Erased};
use crate::{
    AuthError, Authorize, Claim, Deferred, Observe, RequestHead, ResponseHead, Scheme, Step,
    Verdict, sum::first_duplicate,
};
use http::Request;
use std::{fmt, iter, sync::Arc};

/// A sum that is made at run time, with the rules of [`Sum`](crate::Sum): keys, then at most one finisher, then at most
/// one seal, in whatever order they are listed; conflicts are errors.
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
pub struct Schemes<B>(Arc<[Arc<dyn Erased<B> + Send + Sync>]>);

impl<B> Schemes<B> {
    /// Sorts and checks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when two of them write the same header or query
    /// parameter, when two of them write `Authorization` or sign in it, or when two of them are seals.
    pub fn new(schemes: impl IntoIterator<Item = BoxScheme<B>>) -> Result<Self, AuthError> {
        let (mut keys, mut finishers, mut seals) = (Vec::new(), Vec::new(), Vec::new());
        for scheme in schemes {
            keys.extend(scheme.keys);
            finishers.extend(scheme.finisher);
            seals.extend(scheme.seal);
        }
        let conflict = |why| Err(AuthError::configuration("schemes", why));
        if finishers.len() > 1 {
            let count = finishers.len();
            return conflict(format!(
                "{count} of them write `Authorization` or sign; keep one"
            ));
        }
        if seals.len() > 1 {
            let count = seals.len();
            return conflict(format!("{count} of them seal the request; keep one"));
        }
        let this = Self(keys.into_iter().chain(finishers).chain(seals).collect());
        match first_duplicate(|visit| Scheme::claims(&this, visit)) {
            Some(claim) => conflict(format!(
                "two of them write {claim}; give one of them another name"
            )),
            None => Ok(this),
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

    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&AllSent>,
    ) -> Step<Self::Credentials, AcquireAll> {
        let refused = refused.map_or(&[][..], |refused| &refused.0);
        let mut ready = Vec::new(); // stays so, and is not allocated, while nobody has any
        let mut waiting = Vec::new();
        for (index, scheme) in self.0.iter().enumerate() {
            match scheme.acquire(request, refused.get(index).unwrap_or(&None)) {
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

    fn is_same(&self, sent: &AllSent, next: &AllCredentials) -> bool {
        let sent = sent.0.iter().chain(iter::repeat(&None));
        let next = next.0.iter().chain(iter::repeat(&None));
        self.0
            .iter()
            .zip(sent.zip(next))
            .all(|(scheme, (sent, next))| scheme.is_same(sent, next))
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        for scheme in self.0.iter() {
            scheme.claims(visit);
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
            if let Some(sent) = scheme.authorize(credentials, request)? {
                all.resize_with(self.0.len(), || None);
                all[index] = Some(sent);
            }
        }
        Ok(AllSent(all))
    }
}

// It may hold a finisher and a seal, so it takes their places: further keys can be added, and nothing else.
crate::scheme!(slot(crate::sum::LastSlots) [B] Schemes<B>);

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Basic, HeaderApiKey, insert_header, scheme};
    use http::{HeaderName, HeaderValue};
    use std::{
        future::{Future, Ready, ready},
        task::{Context, Poll, Waker},
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

        fn acquire(&self, _: RequestHead<'_>, _: Option<&()>) -> Step<HeaderValue, Self::Acquire> {
            let credentials = HeaderValue::from_name(self.name.clone());
            if self.at_hand {
                Step::Ready(credentials)
            } else {
                Step::Wait(ready(Ok(credentials)))
            }
        }

        fn is_same(&self, (): &(), _: &HeaderValue) -> bool {
            true
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
            let credentials = match Scheme::acquire(&schemes, RequestHead::from(&request), None) {
                Step::Ready(credentials) => credentials,
                Step::Wait(acquire) => {
                    let mut cx = Context::from_waker(Waker::noop());
                    match std::pin::pin!(acquire).poll(&mut cx) {
                        Poll::Ready(credentials) => credentials.unwrap(),
                        Poll::Pending => panic!("all of them are ready"),
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
