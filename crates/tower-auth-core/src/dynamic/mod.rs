//! Sums that are made at run time, from a configuration.

mod acquire;
mod boxed;
mod erased;
mod few;

#[doc(hidden)]
pub use self::boxed::AnyPart;
pub use self::{
    acquire::AcquireAll,
    boxed::{BoxScheme, IntoPart},
};

use self::{
    erased::{AnyCredentials, AnySent, BoxFuture, Erased, Owned},
    few::Few,
};
use crate::{
    AuthError, Authorize, Claim, Deferred, Observe, RequestHead, ResponseHead, Scheme, Step,
    Verdict, sum::first_duplicate,
};
use http::Request;
use std::{fmt, sync::Arc};

/// A sum that is made at run time, with the rules of [`Sum`](crate::Sum): keys, then at most one finisher, then at most
/// one seal, in whatever order they are listed; conflicts are errors.
///
/// The scheme is what is boxed, not the service: futures and services stay concrete. Schemes whose credentials never
/// change cost no allocation.
///
/// Others cost one for each request while their credentials are at hand: what they keep of a request until the response
/// is here is of a type that the response future does not know, so it lies in a box. Two of them or more cost one more, for
/// the list. A written sum (`+`), whose future has room for it, costs none: prefer it where the schemes are known. The
/// credentials themselves are remembered as in written sums, from the second request through the same service on; the
/// first request of a clone has them boxed as well.
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
pub struct Schemes<B> {
    shared: Arc<[Arc<dyn Erased<B> + Send + Sync>]>,
    memory: Memory<B>,
}

/// What one value of [`Schemes`] owns, to remember credentials. A clone begins without.
enum Memory<B> {
    /// Nothing was asked for yet, or nobody has credentials: no need to own anything.
    Fresh,
    /// There were credentials to fetch or to copy, so there will be again. A clone that is used once never gets further.
    Asked,
    /// A clone of each scheme.
    Owned(Box<[Box<dyn Owned<B> + Send + Sync>]>),
}

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
        let this = Self {
            shared: keys.into_iter().chain(finishers).chain(seals).collect(),
            memory: Memory::Fresh,
        };
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
        Self {
            shared: Arc::clone(&self.shared),
            memory: Memory::Fresh,
        }
    }
}

impl<B> fmt::Debug for Schemes<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.shared.iter()).finish()
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
        let nothing = None;
        gather(self.shared.iter().enumerate().map(|(index, scheme)| {
            let refused = refused.and_then(|refused| refused.0.get(index));
            scheme.acquire(request, refused.unwrap_or(&nothing))
        }))
    }

    fn acquire_mut(&mut self, request: RequestHead<'_>) -> Step<Self::Credentials, AcquireAll> {
        if let Memory::Asked = self.memory {
            self.memory = Memory::Owned(self.shared.iter().map(|scheme| scheme.own()).collect());
        }
        if let Memory::Owned(own) = &mut self.memory {
            return gather(own.iter_mut().map(|scheme| scheme.acquire_mut(request)));
        }
        let step = Scheme::acquire(self, request, None);
        if !matches!(step, Step::Ready(AllCredentials(Few::None))) {
            self.memory = Memory::Asked;
        }
        step
    }

    fn is_same(&self, sent: &AllSent, next: &AllCredentials) -> bool {
        let nothing = (None, None);
        self.shared.iter().enumerate().all(|(index, scheme)| {
            let sent = sent.0.get(index).unwrap_or(&nothing.0);
            let next = next.0.get(index).unwrap_or(&nothing.1);
            scheme.is_same(sent, next)
        })
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        for scheme in self.shared.iter() {
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
        let mut credentials = credentials.0;
        let mut all = Few::None;
        for (index, scheme) in self.shared.iter().enumerate() {
            let credentials = credentials.take(index).flatten();
            let sent = match &self.memory {
                Memory::Owned(own) => own[index].authorize(credentials, request)?,
                _ => scheme.authorize(credentials, request)?,
            };
            if sent.is_some() {
                all.push(index, sent);
            }
        }
        Ok(AllSent(all))
    }
}

/// Takes the steps of all schemes as one.
fn gather(
    steps: impl ExactSizeIterator<Item = Step<AnyCredentials, BoxFuture<AnyCredentials>>>,
) -> Step<AllCredentials, AcquireAll> {
    let count = steps.len();
    let mut ready = Few::None;
    let mut waiting = Vec::new(); // not allocated while nobody waits
    for (index, step) in steps.enumerate() {
        match step {
            Step::Ready(None) => {}
            Step::Ready(credentials) => ready.push(index, credentials),
            Step::Wait(future) => waiting.push((index, future)),
        }
    }
    if waiting.is_empty() {
        return Step::Ready(AllCredentials(ready));
    }
    let ready = (0..count).map(|index| ready.take(index).flatten());
    Step::Wait(AcquireAll {
        ready: ready.collect(),
        waiting,
    })
}

// It may hold a finisher and a seal, so it takes their places: further keys can be added, and nothing else.
crate::scheme!(slot(crate::sum::LastSlots) [B] Schemes<B>);

/// The credentials of each of [`Schemes`] that has any, but for those that it remembers.
pub struct AllCredentials(Few<AnyCredentials>);

/// What each of [`Schemes`] keeps, if anything.
pub struct AllSent(Few<AnySent>);

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
    use http::{HeaderMap, HeaderName, HeaderValue};
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
            assert_eq!(request.headers().len(), schemes.shared.len());
            for (name, value) in request.headers() {
                let fetched = name.as_str().len() == 1;
                assert!(!fetched || value == name.as_str(), "{name}: {value:?}");
            }
        }
    }

    /// Remembers the number of its last value, and writes it; a clone remembers nothing.
    #[derive(Debug, Default)]
    struct Remembering(Option<u8>);

    impl Clone for Remembering {
        fn clone(&self) -> Self {
            Self::default()
        }
    }

    impl Scheme for Remembering {
        type Mode = Deferred;
        type Credentials = Option<u8>;
        type Sent = ();
        type Acquire = Ready<Result<Option<u8>, AuthError>>;

        fn acquire(&self, _: RequestHead<'_>, _: Option<&()>) -> Step<Option<u8>, Self::Acquire> {
            Step::Ready(Some(0))
        }

        fn acquire_mut(&mut self, _: RequestHead<'_>) -> Step<Option<u8>, Self::Acquire> {
            self.0 = Some(self.0.map_or(1, |number| number + 1));
            Step::Ready(None)
        }

        fn is_same(&self, (): &(), _: &Option<u8>) -> bool {
            true
        }

        fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
            visit(Claim::Header(&http::header::AUTHORIZATION));
        }
    }

    impl<B> Authorize<B> for Remembering {
        fn authorize(&self, lent: Option<u8>, request: &mut Request<B>) -> Result<(), AuthError> {
            let number = lent.or(self.0).ok_or_else(|| {
                AuthError::new(crate::ErrorKind::Credentials, "nothing is remembered")
            })?;
            let number = HeaderValue::from(u16::from(number));
            insert_header(request.headers_mut(), http::header::AUTHORIZATION, number)
        }
    }

    scheme!(finisher Remembering);

    fn sent<B>(schemes: &mut Schemes<B>, mut request: Request<B>) -> HeaderMap {
        let Step::Ready(credentials) = schemes.acquire_mut(RequestHead::from(&request)) else {
            panic!("at hand");
        };
        Authorize::authorize(schemes, credentials, &mut request).unwrap();
        request.headers().clone()
    }

    #[test]
    fn schemes_remember_as_sums_do_and_a_clone_begins_anew() {
        let fetched = Fetched {
            name: HeaderName::from_static("a"),
            at_hand: true,
        };
        let schemes = [
            BoxScheme::<()>::new(fetched),
            BoxScheme::new(Remembering(None)),
        ];
        let mut schemes = Schemes::new(schemes).unwrap();
        for number in ["0", "1", "2"] {
            let headers = sent(&mut schemes, Request::new(()));
            assert_eq!(headers["authorization"], number);
            assert_eq!(headers["a"], "a");
        }
        let headers = sent(&mut schemes.clone(), Request::new(()));
        assert_eq!(headers["authorization"], "0");
        assert_eq!(sent(&mut schemes, Request::new(()))["authorization"], "3");
    }

    #[test]
    fn what_was_not_used_does_not_go_on_a_later_request() {
        let mut schemes = Schemes::new([BoxScheme::<()>::new(Remembering(None))]).unwrap();
        sent(&mut schemes, Request::new(()));
        let request = Request::new(());
        let _ = schemes.acquire_mut(RequestHead::from(&request)); // dropped before it was sent
        assert_eq!(sent(&mut schemes, Request::new(()))["authorization"], "2");
        // What `acquire` gives stands for itself, whatever is remembered.
        let _ = schemes.acquire_mut(RequestHead::from(&request));
        let Step::Ready(own) = Scheme::acquire(&schemes, RequestHead::from(&request), None) else {
            panic!("at hand");
        };
        let mut request = Request::new(());
        Authorize::authorize(&schemes, own, &mut request).unwrap();
        assert_eq!(request.headers()["authorization"], "0");
    }
}
