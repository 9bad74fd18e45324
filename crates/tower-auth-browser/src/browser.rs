//! How a browser is opened, and where it comes back to.

#[cfg(feature = "rustls")]
use crate::tls::Tls;
use crate::{BrowserError, DisplaySettings, Listener, Opener, SystemBrowser, ports::Sockets};
use http::Uri;
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::timeout;
use tower_auth_core::AuthError;
#[cfg(feature = "rustls")]
use tower_auth_core::Secret;

/// How a browser is opened, and where on this machine it comes back to. Clones share everything.
///
/// ```
/// use std::time::Duration;
/// use tower_auth_browser::Browser;
///
/// // http://localhost:5000/, the browser of the system, a minute
/// let browser = Browser::default();
///
/// // http://127.0.0.1:{8400 to 8402}/callback
/// let browser = Browser::builder()
///     .domain("127.0.0.1")
///     .ports([8400, 8401, 8402])
///     .endpoint("callback")
///     .timeout(Duration::from_secs(300))
///     .build()?;
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone)]
pub struct Browser(pub(crate) Arc<Settings>);

pub(crate) struct Settings {
    pub(crate) ports: Vec<u16>,
    pub(crate) opener: Arc<dyn Opener>,
    pub(crate) display: Arc<DisplaySettings>,
    pub(crate) timeout: Duration,
    domain: String,
    endpoint: String,
    redirect_uri: Option<String>,
    #[cfg(feature = "rustls")]
    pub(crate) tls: Option<Tls>,
}

/// Settings of a [`Browser`].
pub struct BrowserBuilder {
    settings: Settings,
    #[cfg(feature = "rustls")]
    certificate: Option<(Vec<u8>, Secret)>,
}

impl Browser {
    /// Begins with the defaults.
    pub fn builder() -> BrowserBuilder {
        BrowserBuilder {
            settings: Settings::default(),
            #[cfg(feature = "rustls")]
            certificate: None,
        }
    }

    /// How long a person has.
    pub fn time_limit(&self) -> Duration {
        self.0.timeout
    }

    /// Begins to listen, before any page is opened.
    ///
    /// It listens at 127.0.0.1 and at \[::1\], whichever this machine has, and nowhere else. A port that this process
    /// holds already is waited for.
    ///
    /// # Errors
    ///
    /// [`PortTaken`](crate::BrowserErrorKind::PortTaken) when other programs have all of the ports,
    /// [`Listen`](crate::BrowserErrorKind::Listen) when the system refuses for another reason, and
    /// [`TimedOut`](crate::BrowserErrorKind::TimedOut) when this process itself does not let go of them.
    pub async fn listen(&self) -> Result<Listener, BrowserError> {
        let limit = self.0.timeout;
        let sockets = match timeout(limit, Sockets::bind(&self.0.ports)).await {
            Ok(sockets) => sockets?,
            Err(_) => return Err(BrowserError::held(&self.0.ports, limit)),
        };
        let redirect_uri = self.0.redirect_uri(sockets.port());
        let redirect_uri =
            redirect_uri.map_err(|error| BrowserError::listen(std::io::Error::other(error)))?;
        Ok(Listener {
            browser: self.clone(),
            sockets,
            redirect_uri,
        })
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self(Arc::new(Settings::default()))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ports: vec![5000],
            opener: Arc::new(SystemBrowser::new()),
            display: Arc::default(),
            timeout: Duration::from_secs(60),
            domain: "localhost".to_owned(),
            endpoint: String::new(),
            redirect_uri: None,
            #[cfg(feature = "rustls")]
            tls: None,
        }
    }
}

impl Settings {
    fn redirect_uri(&self, port: u16) -> Result<Uri, AuthError> {
        let written = match &self.redirect_uri {
            Some(whole) => whole.clone(),
            None => format!(
                "{}://{}:{port}/{}",
                self.scheme(),
                self.domain,
                self.endpoint
            ),
        };
        let refuse = |why| AuthError::configuration("redirect_uri", why);
        let uri: Uri = written.parse().map_err(|_| {
            refuse("is no URI; is there a blank in the domain, or in the endpoint?")
        })?;
        if !matches!(uri.scheme_str(), Some("http" | "https"))
            || uri.host().is_none_or(str::is_empty)
        {
            return Err(refuse("is no http or https URI with a host"));
        }
        if written.contains(['#', '@']) {
            return Err(refuse("has a fragment, or a user name"));
        }
        if uri.path() == "/favicon.ico" {
            return Err(refuse("is where browsers look for an icon"));
        }
        if !comes_back_the_same(uri.path()) {
            return Err(refuse(
                "has a path that browsers write otherwise, so that they would never come back to it; percent-encode what is \
                 not ASCII, and leave out `.` and `..`",
            ));
        }
        Ok(uri)
    }

    #[cfg(not(feature = "rustls"))]
    fn scheme(&self) -> &'static str {
        "http"
    }

    #[cfg(feature = "rustls")]
    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// Whether a browser sends a path as it is written (URL Standard, path percent-encode set).
fn comes_back_the_same(path: &str) -> bool {
    let is_kept = |byte: u8| byte.is_ascii_graphic() && !br#""<>\^`{}"#.contains(&byte);
    path.bytes().all(is_kept) && !path.split('/').any(|part| matches!(part, "." | ".."))
}

impl BrowserBuilder {
    /// The port to listen on: 5000 by default. 0 is [any](Self::any_port).
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        self.ports([port])
    }

    /// Ports to listen on: the first that is free. For servers that know a few redirect URIs.
    #[must_use]
    pub fn ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.settings.ports = ports.into_iter().collect();
        self
    }

    /// Any port that is free. For servers that take any port of a loopback address, as RFC 8252 section 7.3 wants it; they
    /// want [`domain`](Self::domain) to be `127.0.0.1`, mostly.
    #[must_use]
    pub fn any_port(self) -> Self {
        self.port(0)
    }

    /// The host of the redirect URI: `localhost` by default. It has to lead to this machine. Where it listens does not
    /// change.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.settings.domain = domain.into();
        self
    }

    /// What comes after the slash of the redirect URI: nothing by default. Answers at other paths are none.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.settings.endpoint = endpoint.into();
        self
    }

    /// The whole redirect URI, where it is not the address that is listened on: something on this machine passes on what
    /// comes there. Its path has to stay the same on the way.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.settings.redirect_uri = Some(uri.into());
        self
    }

    /// How long a person has, from the moment when the page is opened until the answer is there: 60 s by default. Nothing
    /// that comes in between makes it longer.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// What puts the page in front of a person: [`SystemBrowser`] by default.
    #[must_use]
    pub fn opener(mut self, opener: impl Opener + 'static) -> Self {
        self.settings.opener = Arc::new(opener);
        self
    }

    /// What the browser shows in the end.
    #[must_use]
    pub fn display(mut self, display: DisplaySettings) -> Self {
        self.settings.display = Arc::new(display);
        self
    }

    /// Listens with TLS, for servers that want `https`: a chain of certificates for the domain and their key, both in
    /// PEM. The browser has to trust them.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    #[must_use]
    pub fn tls(mut self, certificates: impl Into<Vec<u8>>, key: impl Into<Secret>) -> Self {
        self.certificate = Some((certificates.into(), key.into()));
        self
    }

    /// The finished settings.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) when there is no port, the time is none, the
    /// redirect URI is no URI or one that browsers write otherwise, or the certificate is none.
    pub fn build(mut self) -> Result<Browser, AuthError> {
        let settings = &mut self.settings;
        if settings.ports.is_empty() {
            return Err(AuthError::configuration(
                "ports",
                "there is none to listen on",
            ));
        }
        if settings.timeout.is_zero() {
            return Err(AuthError::configuration(
                "timeout",
                "leaves no time to answer",
            ));
        }
        #[cfg(feature = "rustls")]
        if let Some((certificates, key)) = &self.certificate {
            settings.tls = Some(Tls::new(certificates, key)?);
        }
        settings.redirect_uri(settings.ports[0])?;
        Ok(Browser(Arc::new(self.settings)))
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Browser", f)
    }
}

impl fmt::Debug for BrowserBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.debug("BrowserBuilder", f)
    }
}

impl Settings {
    fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("domain", &self.domain)
            .field("ports", &self.ports)
            .field("endpoint", &self.endpoint)
            .field("redirect_uri", &self.redirect_uri)
            .field("timeout", &self.timeout)
            .field("display", &self.display)
            .finish_non_exhaustive()
    }
}
