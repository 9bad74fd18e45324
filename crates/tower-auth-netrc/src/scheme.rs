//! A `.netrc` as a scheme.

use crate::{
    file::{self, Trust},
    parse::{Entry, parse},
};
use http::{Request, header::AUTHORIZATION, uri::Authority};
use percent_encoding::percent_decode_str;
use std::{borrow::Cow, path::Path, sync::Arc};
use tower_auth_core::{AuthError, Authorize, Claim, Scheme, fixed_scheme, scheme};

/// `Authorization: Basic …` with the user name and password that a `.netrc` has for the host: a finisher.
///
/// Known are `machine`, `default`, `login` or `user`, `password` or `passwd`, `account` and `macdef` (the last two are
/// passed over), comments from `#` on, and words in quotes, in which `\` escapes. Any other word spoils its entry, as it
/// could be half a password, and so does a quote that does not end on its line: a request to that host is an error that
/// names the line, and the other entries stay good.
///
/// The file is read once. Of several entries for a host the first counts; `default` is for all hosts that have none, so
/// limit the layer with [`only_to`](tower_auth_core::SchemeExt::only_to) where redirects are followed. A host without
/// an entry, and without a `default`, gets no credentials. Ports play no part: the file knows none.
///
/// A user name in the request's URI (`https://user@host/`) chooses the entry of that user, as curl does since 7.82. When
/// the host has entries, and none of that user, the request gets no credentials; a password in the URI is not used.
///
/// # Where other readers differ
///
/// Measured against CPython's `netrc` and curl 7.88. Where these two agree, this reads the same, but for this:
///
/// | in the file | here | CPython | curl |
/// | --- | --- | --- | --- |
/// | an unknown word, or one right behind a quote | spoils its entry | the file | is passed over |
/// | a quote that does not end on its line | spoils its entry | goes on over lines | the rest of the file |
/// | `passwd` | `password`, as in BSD | an unknown word | an unknown word |
/// | a byte order mark | is passed over | part of a word | part of a word |
/// | several entries for one host | the first, as a whole | the last | completed one by the other |
/// | an entry without a password, or without a user name | that, and an empty text | as here | may be completed by what follows |
/// | `default` before a `machine` | the last resort | as here | ends the search |
/// | a value that begins with `#` | the value | as here | a comment |
/// | a word twice in an entry | the last | as here | depends |
/// | `\` outside of quotes | itself | escapes | itself |
/// | hosts | without case | with case | without case |
/// | `:` in a user name, a control character | an error, as Basic cannot send it | goes out | goes out |
/// | a user name in the URI, and no entry of that user | nothing is sent | | an empty password, or that of an entry without user name |
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
    entries: Arc<[Entry]>,
}

impl Netrc {
    /// The user's file: that which the environment variable `NETRC` names, else `.netrc` in the home directory (`HOME`).
    /// On Windows `_netrc` is taken when there is no `.netrc`, and `USERPROFILE` when there is no `HOME`.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file); when neither `NETRC` nor a home directory is set; and, on Unix, when anybody
    /// but its owner can read or write the file.
    pub fn from_env() -> Result<Self, AuthError> {
        Self::parse(&file::read(&file::default_path()?, Trust::Owner)?)
    }

    /// A file. On Unix its group may read it, as Kubernetes mounts secrets so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) naming `netrc` when it cannot be read,
    /// is larger than 1 MiB or not as a `.netrc` should be; and, on Unix, when its group can write it, or others than
    /// owner and group can read or write it.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, AuthError> {
        Self::parse(&file::read(path.as_ref(), Trust::Group)?)
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

    /// The entry for a host, and for a user when one is named: then never another's.
    fn find(&self, host: &str, user: Option<&str>) -> Option<&Entry> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_users = |entry: &&Entry| match (user, &entry.login) {
            (None, _) => true,
            (Some(user), Some(login)) => *login.0 == *user,
            (Some(_), None) => false,
        };
        let is_hosts = |entry: &&Entry| {
            let machine = entry.machine.as_deref();
            machine.is_some_and(|machine| machine.eq_ignore_ascii_case(host))
        };
        let of_host = self.entries.iter().filter(is_hosts);
        if of_host.clone().next().is_some() {
            return { of_host }.find(is_users);
        }
        let mut defaults = self.entries.iter().filter(|entry| entry.machine.is_none());
        defaults.find(is_users)
    }
}

/// The user name in an authority, decoded; empty is none.
fn user(authority: &Authority) -> Option<Cow<'_, str>> {
    let (userinfo, _) = authority.as_str().rsplit_once('@')?;
    let name = userinfo.split(':').next().unwrap_or_default();
    (!name.is_empty()).then(|| percent_decode_str(name).decode_utf8_lossy())
}

impl Scheme for Netrc {
    fixed_scheme!();

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&AUTHORIZATION));
    }
}

impl<B> Authorize<B> for Netrc {
    fn authorize(&self, (): (), request: &mut Request<B>) -> Result<(), AuthError> {
        let Some(authority) = request.uri().authority() else {
            return Ok(());
        };
        match self.find(authority.host(), user(authority).as_deref()) {
            Some(entry) => match &entry.basic {
                Ok(basic) => basic.authorize((), request),
                Err(fault) => Err(fault.clone()),
            },
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
    fn a_user_in_the_uri_gets_its_own_entry_and_never_anothers() {
        let text = "machine h password 1 login a\nmachine h login b password 2\n\
                    machine only.password password 3\ndefault login d password 4";
        let netrc = Netrc::parse(text).unwrap();
        for (uri, header) in [
            ("https://h/", Some("Basic YTox")),
            ("https://a@h/", Some("Basic YTox")),
            ("https://b@h/", Some("Basic Yjoy")),
            ("https://%62:ignored@h/", Some("Basic Yjoy")),
            ("https://:ignored@h/", Some("Basic YTox")),
            ("https://B@h/", None),
            ("https://c@h/", None),
            ("https://d@h/", None), // the host has entries
            ("https://c@only.password/", None),
            ("https://d@other/", Some("Basic ZDo0")),
            ("https://a@other/", None),
        ] {
            assert_eq!(sent(&netrc, uri).as_deref(), header, "{uri}");
        }
    }

    #[test]
    fn a_spoilt_entry_is_an_error_for_its_host_only() {
        let text = "machine h login a password 1 oops\nmachine g login a password 1";
        let netrc = Netrc::parse(text).unwrap();
        let mut request = Request::get("https://h/").body(()).unwrap();
        let error = netrc.authorize((), &mut request).unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
        assert_eq!(sent(&netrc, "https://g/").unwrap(), "Basic YTox");
    }

    #[test]
    fn nothing_secret_is_shown() {
        let netrc = Netrc::parse("machine h login user password hunter2").unwrap();
        assert!(!format!("{netrc:?}").contains("hunter2"));
    }
}
