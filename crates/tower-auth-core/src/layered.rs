//! `+` for layers that are not schemes.

use std::ops::{Add, BitAnd};
use tower_layer::{Layer, Stack};

/// Any layer, made the left end of a sum *of layers*. The left one sees the request first.
///
/// Rust does not let us give `+` to layers of other crates; this newtype lends it to them. What is added stays a layer
/// of its own: schemes to the right of it are not one sum with it, and a signature covers only what layers to the left
/// have written.
///
/// ```
/// use tower_auth_core::{Bearer, Layered};
/// use tower_http::set_header::SetRequestHeaderLayer;
/// use http::{HeaderName, HeaderValue};
///
/// let user_agent = SetRequestHeaderLayer::<HeaderValue>::overriding(
///     HeaderName::from_static("user-agent"),
///     HeaderValue::from_static("me/1.0"),
/// );
/// let layer = Layered(user_agent) + Bearer::new("token")?;
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Layered<L>(pub L);

impl<L, R> Add<R> for Layered<L> {
    type Output = Layered<Stack<R, L>>;

    fn add(self, right: R) -> Self::Output {
        Layered(Stack::new(right, self.0))
    }
}

impl<L, R> BitAnd<R> for Layered<L> {
    type Output = Layered<Stack<R, L>>;

    fn bitand(self, right: R) -> Self::Output {
        self.add(right)
    }
}

impl<S, L: Layer<S>> Layer<S> for Layered<L> {
    type Service = L::Service;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}
