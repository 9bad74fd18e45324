//! Environment variables, as a value.

use std::{collections::BTreeMap, env, fmt, path::PathBuf, sync::Arc};
use tower_auth_core::Secret;

/// Where environment variables are looked up: those of the process, or a map of your own.
///
/// Blanks around a value are trimmed, and a value of blanks only counts as unset, as it does in the AWS SDKs. So does a
/// value that is not UTF-8.
///
/// ```
/// use tower_auth_aws::credentials::Env;
///
/// let env = Env::from_iter([("AWS_PROFILE", "work"), ("AWS_REGION", "")]);
/// assert_eq!(env.get("AWS_PROFILE").as_deref(), Some("work"));
/// assert_eq!(env.get("AWS_REGION"), None);
/// ```
#[derive(Clone, Default)]
pub struct Env(Option<Arc<BTreeMap<String, Secret>>>);

impl Env {
    /// The variables of this process, looked up whenever they are needed.
    pub const fn process() -> Self {
        Self(None)
    }

    /// One variable.
    pub fn get(&self, name: &str) -> Option<String> {
        let trimmed = |text: &str| {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        match &self.0 {
            None => trimmed(&env::var(name).ok()?),
            Some(map) => trimmed(map.get(name)?.expose()),
        }
    }

    /// Whether a variable says `true`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The home directory: `HOME`, else what Windows has in its place.
    pub(super) fn home(&self) -> Option<PathBuf> {
        let drive = || Some(self.get("HOMEDRIVE")? + &self.get("HOMEPATH")?);
        self.get("HOME")
            .or_else(|| self.get("USERPROFILE"))
            .or_else(drive)
            .map(PathBuf::from)
    }

    /// A path, with a leading `~` for the home directory.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        let rest = path.strip_prefix('~').map(|rest| {
            rest.strip_prefix('/')
                .or_else(|| rest.strip_prefix('\\'))
                .unwrap_or(rest)
        });
        match (rest, self.home()) {
            // `~user` is another user's home, which nothing here knows.
            (Some(rest), Some(home)) if path.len() == 1 || path.len() > rest.len() + 1 => {
                home.join(rest)
            }
            _ => PathBuf::from(path),
        }
    }

    /// All variables, when they are not those of the process.
    pub(super) fn replaced(&self) -> Option<impl Iterator<Item = (&str, &str)>> {
        let map = self.0.as_ref()?;
        Some(
            map.iter()
                .map(|(name, value)| (name.as_str(), value.expose())),
        )
    }
}

impl<K: Into<String>, V: Into<Secret>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self(Some(Arc::new(
            variables
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )))
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("Env(process)"),
            Some(map) => f.debug_tuple("Env").field(&map.keys()).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_directory_only_at_the_start_of_a_path() {
        let env = Env::from_iter([("HOME", "/home/ann")]);
        for (path, expanded) in [
            ("~/.aws/config", "/home/ann/.aws/config"),
            ("~", "/home/ann"),
            ("~bob/config", "~bob/config"),
            ("/etc/~/config", "/etc/~/config"),
        ] {
            assert_eq!(env.path(path), PathBuf::from(expanded));
        }
        assert_eq!(
            Env::from_iter([("A", "")]).path("~/x"),
            PathBuf::from("~/x")
        );
    }

    #[test]
    fn printing_an_environment_shows_names_only() {
        let env = Env::from_iter([("AWS_SECRET_ACCESS_KEY", "hunter2")]);
        assert_eq!(format!("{env:?}"), r#"Env(["AWS_SECRET_ACCESS_KEY"])"#);
    }
}
