//! Nonces that a client makes.

use std::fmt;

/// Where the nonces of a scheme come from, when not from the operating system's randomness: `oauth_nonce` (RFC 5849
/// section 3.3), `cnonce` of Digest (RFC 7616 section 3.4).
///
/// For tests against vectors, and for clients whose nonces must name them. A nonce must never be used twice for what it
/// protects, and nobody should be able to foretell it.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use tower_auth_core::NonceSource;
///
/// #[derive(Debug, Default)]
/// struct Counter(AtomicU64);
///
/// impl NonceSource for Counter {
///     fn nonce(&self) -> String {
///         format!("host-7-{}", self.0.fetch_add(1, Ordering::Relaxed))
///     }
/// }
///
/// assert_eq!(Counter::default().nonce(), "host-7-0");
/// ```
pub trait NonceSource: fmt::Debug + Send + Sync {
    /// The next nonce: printable ASCII without quotes and backslashes.
    fn nonce(&self) -> String;
}
