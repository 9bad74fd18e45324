//! A scheme without its type.

use crate::{AuthError, Authorize, Claim, ErrorKind, Observe, RequestHead, Scheme, Step};
use http::Request;
use std::{
    any::{Any, TypeId},
    fmt,
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

/// Credentials of a type that is not known; nothing for schemes that have none.
pub(super) type AnyCredentials = Option<Box<dyn Any + Send + Sync>>;
/// What is kept of them; nothing for schemes that keep nothing.
pub(super) type AnySent = Option<Box<dyn Kept>>;
pub(super) type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, AuthError>> + Send>>;

pub(super) trait Erased<B>: fmt::Debug {
    fn acquire(
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
    /// A clone of this scheme that may remember something.
    fn own(&self) -> Box<dyn Owned<B> + Send + Sync>;
}

/// A scheme without its type, of a single owner: that is what may remember what it saw last. Credentials that are at
/// hand wait in it for the request, and need no box.
pub(super) trait Owned<B> {
    fn acquire_mut(
        &mut self,
        request: RequestHead<'_>,
    ) -> Step<AnyCredentials, BoxFuture<AnyCredentials>>;
    fn authorize(
        &self,
        credentials: AnyCredentials,
        request: &mut Request<B>,
    ) -> Result<AnySent, AuthError>;
}

struct Owner<A: Scheme> {
    scheme: A,
    /// Taken by a request that has only a shared reference. Nobody else wants it, so the lock is free.
    ready: Mutex<Option<A::Credentials>>,
}

impl<A, B> Owned<B> for Owner<A>
where
    A: Authorize<B>,
    A::Credentials: Send + Sync + 'static,
    A::Sent: Send + Sync + 'static,
    A::Acquire: Send + 'static,
{
    fn acquire_mut(
        &mut self,
        request: RequestHead<'_>,
    ) -> Step<AnyCredentials, BoxFuture<AnyCredentials>> {
        let ready = self.ready.get_mut().unwrap_or_else(PoisonError::into_inner);
        *ready = None;
        match self.scheme.acquire_mut(request) {
            Step::Ready(credentials) => {
                *ready = Some(credentials);
                Step::Ready(None)
            }
            Step::Wait(acquire) => Step::Wait(boxed(acquire)),
        }
    }

    fn authorize(
        &self,
        credentials: AnyCredentials,
        request: &mut Request<B>,
    ) -> Result<AnySent, AuthError> {
        let ready = match credentials {
            Some(_) => None,
            None => {
                let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
                ready.take()
            }
        };
        let credentials = match ready {
            Some(ready) => ready,
            None => typed(credentials)?,
        };
        keep(self.scheme.authorize(credentials, request)?)
    }
}

/// What a scheme keeps, without its type.
pub(super) trait Kept: Observe + Send + Sync {
    fn as_any(&self) -> &dyn Any;
}

impl<T: Observe + Send + Sync + 'static> Kept for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<A, B> Erased<B> for A
where
    A: Authorize<B> + fmt::Debug + Send + Sync + 'static,
    A::Credentials: Send + Sync + 'static,
    A::Sent: Send + Sync + 'static,
    A::Acquire: Send + 'static,
{
    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: &AnySent,
    ) -> Step<AnyCredentials, BoxFuture<AnyCredentials>> {
        let refused = refused.as_ref().map(|refused| (**refused).as_any());
        let refused = refused.and_then(<dyn Any>::downcast_ref);
        match Scheme::acquire(self, request, refused) {
            Step::Ready(credentials) => Step::Ready(erase(credentials)),
            Step::Wait(acquire) => Step::Wait(boxed(acquire)),
        }
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
        keep(Authorize::authorize(self, typed(credentials)?, request)?)
    }

    fn own(&self) -> Box<dyn Owned<B> + Send + Sync> {
        Box::new(Owner {
            scheme: self.clone(),
            ready: Mutex::new(None),
        })
    }
}

fn boxed<T, F>(acquire: F) -> BoxFuture<AnyCredentials>
where
    T: Any + Send + Sync,
    F: Future<Output = Result<T, AuthError>> + Send + 'static,
{
    Box::pin(async move { acquire.await.map(erase) })
}

fn typed<T: Any>(credentials: AnyCredentials) -> Result<T, AuthError> {
    let credentials = match credentials {
        Some(credentials) => credentials.downcast().ok().map(|credentials| *credentials),
        None => nothing(),
    };
    credentials.ok_or_else(|| {
        AuthError::new(
            ErrorKind::Credentials,
            "these credentials belong to another scheme",
        )
    })
}

fn keep<T: Kept + 'static>(sent: T) -> Result<AnySent, AuthError> {
    Ok((!is_nothing::<T>()).then(|| Box::new(sent) as Box<dyn Kept>))
}

/// Most schemes have no credentials and keep nothing: no need to allocate.
fn is_nothing<T: Any>() -> bool {
    TypeId::of::<T>() == TypeId::of::<()>()
}

fn erase<T: Any + Send + Sync>(credentials: T) -> AnyCredentials {
    (!is_nothing::<T>()).then(|| Box::new(credentials) as Box<dyn Any + Send + Sync>)
}

/// `()`, if that is what is asked for.
fn nothing<T: Any>() -> Option<T> {
    let mut nothing = Some(());
    let nothing: &mut dyn Any = &mut nothing;
    nothing.downcast_mut::<Option<T>>()?.take()
}
