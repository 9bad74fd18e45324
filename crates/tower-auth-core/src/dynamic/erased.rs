//! A scheme without its type.

use crate::{AuthError, Authorize, Claim, ErrorKind, Observe, RequestHead, Scheme, Step};
use http::Request;
use std::{
    any::{Any, TypeId},
    fmt,
    future::Future,
    pin::Pin,
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
    A: Authorize<B> + fmt::Debug,
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
            Step::Wait(acquire) => Step::Wait(Box::pin(async move { acquire.await.map(erase) })),
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
        let credentials = match credentials {
            Some(credentials) => credentials.downcast().ok().map(|credentials| *credentials),
            None => nothing(),
        };
        let credentials = credentials.ok_or_else(|| {
            AuthError::new(
                ErrorKind::Credentials,
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

/// `()`, if that is what is asked for.
fn nothing<T: Any>() -> Option<T> {
    let mut nothing = Some(());
    let nothing: &mut dyn Any = &mut nothing;
    nothing.downcast_mut::<Option<T>>()?.take()
}
