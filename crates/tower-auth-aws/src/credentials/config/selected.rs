//! Which profile is meant.

use crate::credentials::ProviderContext;

/// The name of the profile that is used: the context's, else `AWS_PROFILE`, else `default`.
pub(in crate::credentials) struct Selected {
    pub(in crate::credentials) name: String,
    /// Whether someone asked for it by name.
    pub(in crate::credentials) asked_for: bool,
}

impl Selected {
    pub(in crate::credentials) fn new(context: &ProviderContext) -> Self {
        let asked_for = context
            .profile
            .clone()
            .or_else(|| context.env.var("AWS_PROFILE"));
        Self {
            asked_for: asked_for.is_some(),
            name: asked_for.unwrap_or_else(|| "default".to_owned()),
        }
    }
}
