//! Work that blocks.

use super::{StoreError, StoreErrorKind};
use tokio::runtime::Handle;

/// Does blocking work where it harms nobody: on tokio's threads for it, or right here when there is no runtime.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match Handle::try_current() {
        Err(_) => work(),
        Ok(runtime) => runtime.spawn_blocking(work).await.unwrap_or_else(|error| {
            let stopped = StoreError::new(
                StoreErrorKind::Io,
                "the work on the store was stopped; is the runtime shut down?",
            );
            Err(stopped.with_source(error))
        }),
    }
}
