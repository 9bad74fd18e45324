//! A `.netrc` as a scheme.

use crate::{
    file,
    parse::{Entry, parse},
};
use http::{Request, header::AUTHORIZATION};
use std::{path::Path, sync::Arc};
use tower_auth_core::{AuthError, Authorize, Basic, Claim, Scheme, fixed_scheme, scheme};

/// `Authorization: Basic …` with the user name and password that a `.netrc` has for the host: a finisher.
///
/// Known are `machine`, `default`, `login` or `user`, `password` or `passwd`, `account` and `macdef` (the last two are
/// passed over), comments from `#` on, and words in quotes, in which `\` escapes. Any other word is an error, as it
/// could be half a password.
///
/// The file is read once. Of several entries for a host the first counts; `default` is for all hosts that have none, so
/// limit the layer with [`only_to`](tower_auth_core::SchemeExt::only_to) where redirects are followed. A host without
/// an entry, and without a `default`, gets no credentials. Ports play no part: the file knows none.
///
/// ```
/// use http::{Request, Response};
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt};
/// use tower_auth_netrc::Netrc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Stands in for any HTTP client: answers with the headers that it was sent.
/// let http = tower::service_fn(async |request: Request<()>| {
///     Ok::<_, Infallible>(Response::new(request.headers().clone()))
/// });
///
/// let netrc = Netrc::parse("machine api.example.com login Aladdin password \"open sesame\"")?;
/// let client = netrc.layer(http);
/// let known = client.clone().oneshot(Request::get("https://api.example.com/").body(())?).await?;
/// assert_eq!(known.into_body()["authorization"], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// let other = client.oneshot(Request::get("https://other.example.com/").body(())?).await?;
/// assert!(other.into_body().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Netrc {
    entries: Arc<[Entry]>, // `Basic` does not show what it holds
}

impl Netrc {
    /// The user's file: that which the environment variable `NETRC` names, else `.netrc` in the home directory (`HOME`).
    /// On Windows `_netrc` is taken when there is no `.netrc`, and `USERPROFILE` when there is no `HOME`.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file); or when neither `NETRC` nor a home directory is set.
    pub fn from_env() -> Result<Self, AuthError> {
        Self::from_file(file::default_path()?)
    }

    /// A file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) naming `netrc` when it cannot be read,
    /// is larger than 1 MiB or not as a `.netrc` should be; and, on Unix, when anybody but its owner can read or write
    /// it.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, AuthError> {
        Self::parse(&file::read(path.as_ref())?)
    }

    /// A text in the format of a `.netrc`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) naming `netrc` and the line.
    pub fn parse(text: &str) -> Result<Self, AuthError> {
        Ok(Self {
            entries: parse(text)?.into(),
        })
    }

    fn find(&self, host: &str) -> Option<&Basic> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let named = |entry: &&Entry| {
            let machine = entry.0.as_deref();
            machine.is_some_and(|machine| machine.eq_ignore_ascii_case(host))
        };
        let default = |entry: &&Entry| entry.0.is_none();
        let mut entries = self.entries.iter();
        let found = entries.clone().find(named);
        found
            .or_else(|| entries.find(default))
            .map(|entry| &entry.1)
    }
}

impl Scheme for Netrc {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&AUTHORIZATION));
    }
}

impl<B> Authorize<B> for Netrc {
    fn authorize(&self, (): (), request: &mut Request<B>) -> Result<(), AuthError> {
        match request.uri().host().and_then(|host| self.find(host)) {
            Some(basic) => basic.authorize((), request),
            None => Ok(()),
        }
    }
}

scheme!(finisher Netrc);

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(netrc: &Netrc, uri: &str) -> Option<String> {
        let mut request = Request::get(uri).body(()).unwrap();
        netrc.authorize((), &mut request).unwrap();
        let header = request.headers().get(AUTHORIZATION)?;
        assert!(header.is_sensitive());
        Some(header.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_first_entry_of_a_host_counts_and_default_is_for_the_others() {
        let text = "machine h login a password 1\nmachine h login b password 2\nmachine ::1 login c password 3";
        let netrc = Netrc::parse(text).unwrap();
        assert_eq!(sent(&netrc, "https://H:8443/x").unwrap(), "Basic YTox");
        assert_eq!(sent(&netrc, "https://[::1]/x").unwrap(), "Basic Yzoz");
        assert_eq!(sent(&netrc, "https://h.example/"), None);
        assert_eq!(sent(&netrc, "https://h@other/"), None);
        let netrc = Netrc::parse(&format!("default login d password 4\n{text}")).unwrap();
        assert_eq!(sent(&netrc, "https://h/").unwrap(), "Basic YTox");
        assert_eq!(sent(&netrc, "https://other/").unwrap(), "Basic ZDo0");
    }

    #[test]
    fn nothing_secret_is_shown() {
        let netrc = Netrc::parse("machine h login user password hunter2").unwrap();
        assert!(!format!("{netrc:?}").contains("hunter2"));
    }
}
