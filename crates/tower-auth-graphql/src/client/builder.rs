//! Builds a client and its stack.

use super::{AuthMode, CallerFirst, Client, Shared};
use crate::{
    Error, GraphQlService,
    endpoint::endpoint,
    settings::{Settings, settings},
};
use http::{HeaderName, HeaderValue, Uri};
use std::fmt;
use tower_auth_core::Scheme;
use tower_layer::{Identity, Layer, Stack};

/// Builds a [`Client`].
///
/// Layers wrap what was given before them: the first one given is the innermost, right above the
/// [`GraphQlService`].
#[must_use]
pub struct ClientBuilder<L> {
    shared: Shared,
    settings: Settings,
    plaintext: bool,
    layer: L,
}

impl ClientBuilder<Identity> {
    pub(super) fn new(uri: impl TryInto<Uri>) -> Result<Self, Error> {
        Ok(Self {
            shared: Shared::new(endpoint(uri)?),
            settings: Settings::default(),
            plaintext: false,
            layer: Identity::new(),
        })
    }
}

impl<L> ClientBuilder<L> {
    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }

    settings!(settings);

    /// A header for every request, unless the request or the call has one of this name. A scheme overwrites it.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        let value = crate::request::guarded(&name, value);
        // A map without room is refused when a request is made: there, `Accept` finds no room either.
        let _ = self.shared.headers.try_insert(name, value);
        self
    }

    /// Sends queries by GET, as long as the URI has at most this many characters; longer ones and mutations go by POST.
    /// 2047 is what every server and proxy takes.
    pub fn get_queries(mut self, longest_uri: usize) -> Self {
        self.shared.get = Some(longest_uri);
        self
    }

    /// Sends the hash of a document first, and the document itself only when the server does not know it
    /// ([automatic persisted queries][apq]).
    ///
    /// [apq]: https://www.apollographql.com/docs/apollo-server/performance/apq
    #[cfg(feature = "persisted")]
    pub fn persisted_queries(mut self) -> Self {
        self.shared.persisted = crate::persisted::Persisted::on();
        self
    }

    /// Subscriptions are answered as `multipart/mixed`, as Apollo's router does it, and not as server-sent events.
    #[cfg(feature = "multipart")]
    pub fn multipart_subscriptions(mut self) -> Self {
        self.shared.multipart = true;
        self
    }

    /// Credentials may go over unencrypted http to another machine. Everybody on the way can read them. Has to come
    /// before [`auth`](Self::auth).
    pub fn danger_allow_plaintext(mut self) -> Self {
        self.plaintext = true;
        self
    }

    /// Authenticates every request by this scheme or sum. Credentials go to the origin of the endpoint, and nowhere
    /// else; the headers of a request or call win over those that the scheme writes.
    ///
    /// When credentials can be renewed and the server did not accept them, the request is sent once more, if that is
    /// safe: a mutation only when the answer proves that it did not run, files only when they can be read again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when the endpoint is http at another machine, and
    /// [`danger_allow_plaintext`](Self::danger_allow_plaintext) was not called before.
    #[allow(clippy::type_complexity)] // The price of layers that are known to the compiler.
    pub fn auth<A>(
        self,
        scheme: A,
    ) -> Result<ClientBuilder<Stack<L, <A::Mode as AuthMode>::Layer<CallerFirst<A>>>>, Error>
    where
        A: Scheme,
        A::Mode: AuthMode,
    {
        let layer = A::Mode::layer(scheme, &self.shared.endpoint, self.plaintext)?;
        Ok(self.layer(layer))
    }

    /// Any other layer, around what is there.
    pub fn layer<T>(self, layer: T) -> ClientBuilder<Stack<L, T>> {
        ClientBuilder {
            shared: self.shared,
            settings: self.settings,
            plaintext: self.plaintext,
            layer: Stack::new(self.layer, layer),
        }
    }

    /// The client, over this HTTP client.
    pub fn build<C>(self, http: C) -> Client<L::Service>
    where
        L: Layer<GraphQlService<C>>,
    {
        let bottom = GraphQlService::with_settings(http, self.settings);
        Client::new(self.layer.layer(bottom), self.shared)
    }

    /// The client, over this HTTP client, with answers that may be compressed (gzip, deflate). Limits count what comes
    /// out of the decompressor.
    #[cfg(feature = "compression")]
    pub fn build_compressed<C>(self, http: C) -> Client<L::Service>
    where
        L: Layer<GraphQlService<crate::Unpack<C>>>,
    {
        self.build(crate::Unpack::new(http))
    }
}

impl<L> fmt::Debug for ClientBuilder<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
