//! A scheme whose type is forgotten, apart by its places.

use super::erased::Erased;
use crate::{
    Authorize, Scheme,
    sum::{IntoSum, Slot},
};
use std::{fmt, sync::Arc};

type Part<B> = Arc<dyn Erased<B> + Send + Sync>;

/// A scheme or sum whose type is forgotten, for requests with a body of type `B`.
pub struct BoxScheme<B> {
    pub(super) keys: Option<Part<B>>,
    pub(super) finisher: Option<Part<B>>,
    pub(super) seal: Option<Part<B>>,
}

impl<B> BoxScheme<B> {
    /// Forgets the type of a scheme, or of a sum.
    pub fn new<A>(scheme: A) -> Self
    where
        A: IntoSum<Keys: IntoPart<B>, Finisher: IntoPart<B>, Seal: IntoPart<B>>,
    {
        let (keys, finisher, seal) = scheme.into_sum().into_places();
        Self {
            keys: keys.into_part().0,
            finisher: finisher.into_part().0,
            seal: seal.into_part().0,
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Part<B>> {
        let parts = [&self.keys, &self.finisher, &self.seal];
        parts.into_iter().flatten()
    }
}

/// What can forget its type: a place of a sum whose scheme authenticates requests with a body of type `B`, and can be
/// sent to other threads with all that belongs to it. Every such place implements it.
pub trait IntoPart<B>: Slot {
    #[doc(hidden)]
    fn into_part(self) -> AnyPart<B>;
}

/// What is in a place, without its type.
#[doc(hidden)]
pub struct AnyPart<B>(Option<Part<B>>);

impl<A, B> IntoPart<B> for A
where
    A: Slot + Authorize<B> + fmt::Debug + Send + Sync + 'static,
    A: Scheme<
            Credentials: Send + Sync + 'static,
            Sent: Send + Sync + 'static,
            Acquire: Send + 'static,
        >,
{
    fn into_part(self) -> AnyPart<B> {
        AnyPart((!A::IS_EMPTY).then(|| Arc::new(self) as Part<B>))
    }
}

impl<B> Clone for BoxScheme<B> {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            finisher: self.finisher.clone(),
            seal: self.seal.clone(),
        }
    }
}

/// A scheme as it prints itself, a sum as a list.
impl<B> fmt::Debug for BoxScheme<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.parts();
        match (parts.next(), parts.next()) {
            (Some(only), None) => only.fmt(f),
            _ => f.debug_list().entries(self.parts()).finish(),
        }
    }
}

impl<B> fmt::Debug for AnyPart<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
