pub use tower_auth_core::*;
