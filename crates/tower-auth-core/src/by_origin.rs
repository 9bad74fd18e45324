//! A scheme for each origin.

use crate::{
    AuthError, Authorize, BoxScheme, Claim, Deferred, IntoOrigins, Observe, Origin, RequestHead,
    ResponseHead, Scheme, Schemes, Step, Verdict,
    dynamic::{AcquireAll, AllCredentials, AllSent},
    origin,
};
use http::Request;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// A table of schemes by origin: itself a scheme, for clients that talk to several servers.
///
/// The first entry that covers a request's origin authenticates it; a request to any other origin passes without
/// credentials, and nothing of it is changed. The rules for plaintext are those of every layer.
///
/// In a sum it takes the place of a finisher and a seal, so that only keys can be added.
///
/// ```
/// use http::{Request, Response};
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::{Basic, BoxScheme, ByOrigin, HeaderApiKey};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let http = tower::service_fn(async |request: Request<String>| {
///     Ok::<_, Infallible>(Response::new(request.headers().clone()))
/// });
///
/// let client = ByOrigin::new()
///     .add("https://a.example", BoxScheme::new(Basic::new("user", "password")?))?
///     .add(["https://b.example", "https://c.example"], BoxScheme::new(HeaderApiKey::new("key")?))?
///     .layer(http);
///
/// for (uri, header) in [("https://a.example/", "authorization"), ("https://c.example/", "x-api-key")] {
///     let response = client.clone().oneshot(Request::get(uri).body(String::new())?).await?;
///     assert!(response.body().contains_key(header));
/// }
/// let response = client.oneshot(Request::get("https://d.example/").body(String::new())?).await?;
/// assert!(response.body().is_empty());
/// # Ok(())
/// # }
/// ```
pub struct ByOrigin<B>(Arc<[Entry<B>]>);

struct Entry<B> {
    origins: Arc<[Origin]>,
    schemes: Schemes<B>,
}

impl<B> ByOrigin<B> {
    /// An empty table: every request passes without credentials.
    pub fn new() -> Self {
        Self(Arc::new([]))
    }

    /// Adds a scheme for one or more origins. Entries that were added earlier come first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for what is not an origin, or none at all. Http to
    /// another machine is none, as whether that is allowed is said of the layer: without
    /// [`danger_allow_plaintext`](crate::SchemeExt::danger_allow_plaintext), each such request is refused.
    pub fn add(self, origins: impl IntoOrigins, scheme: BoxScheme<B>) -> Result<Self, AuthError> {
        let new = Entry {
            origins: origin::collect(origins)?,
            schemes: Schemes::new([scheme])?,
        };
        Ok(Self(self.0.iter().cloned().chain([new]).collect()))
    }

    fn find(&self, request: RequestHead<'_>) -> Option<(usize, &Schemes<B>)> {
        let covers = |entry: &Entry<B>| entry.origins.iter().any(|one| one.covers(request.uri));
        let index = self.0.iter().position(covers)?;
        Some((index, &self.0[index].schemes))
    }
}

/// What an entry of a [`ByOrigin`] gave; `None` where no entry matches.
#[derive(Debug)]
pub struct OfOrigin<T>(Option<(usize, T)>);

impl<B> Scheme for ByOrigin<B> {
    type Mode = Deferred;
    type Credentials = OfOrigin<AllCredentials>;
    type Sent = OfOrigin<AllSent>;
    type Acquire = AcquireOf;

    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&Self::Sent>,
    ) -> Step<Self::Credentials, AcquireOf> {
        let Some((index, schemes)) = self.find(request) else {
            return Step::Ready(OfOrigin(None));
        };
        let refused = refused.and_then(|refused| refused.0.as_ref());
        let own = refused.filter(|(of, _)| *of == index);
        match schemes.acquire(request, own.map(|(_, sent)| sent)) {
            Step::Ready(credentials) => Step::Ready(OfOrigin(Some((index, credentials)))),
            Step::Wait(acquire) => Step::Wait(AcquireOf { index, acquire }),
        }
    }

    fn is_same(&self, sent: &Self::Sent, next: &Self::Credentials) -> bool {
        match (&sent.0, &next.0) {
            (Some((one, sent)), Some((other, next))) if one == other => {
                let entry = self.0.get(*one);
                entry.is_some_and(|entry| entry.schemes.is_same(sent, next))
            }
            (sent, next) => sent.is_none() && next.is_none(),
        }
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        // Entries may write the same, as never two of them see a request; each name counts once.
        let mut seen: Vec<String> = Vec::new();
        for entry in self.0.iter() {
            entry.schemes.claims(&mut |claim| {
                let text = claim.to_string();
                if !seen.contains(&text) {
                    seen.push(text);
                    visit(claim);
                }
            });
        }
    }
}

impl<B> Authorize<B> for ByOrigin<B> {
    fn authorize(
        &self,
        credentials: OfOrigin<AllCredentials>,
        request: &mut Request<B>,
    ) -> Result<OfOrigin<AllSent>, AuthError> {
        let of = credentials.0.and_then(|(index, credentials)| {
            let entry = self.0.get(index)?;
            Some((index, entry.schemes.authorize(credentials, request)))
        });
        match of {
            Some((index, sent)) => Ok(OfOrigin(Some((index, sent?)))),
            None => Ok(OfOrigin(None)),
        }
    }
}

crate::scheme!(slot(crate::sum::LastSlots) [B] ByOrigin<B>);

impl<T: Observe> Observe for OfOrigin<T> {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        match &self.0 {
            Some((_, sent)) => sent.observe(response),
            None => Verdict::Accepted,
        }
    }
}

/// Gets hold of the credentials of an entry.
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct AcquireOf {
    index: usize,
    acquire: AcquireAll,
}

impl Future for AcquireOf {
    type Output = Result<OfOrigin<AllCredentials>, AuthError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let credentials = ready!(Pin::new(&mut self.acquire).poll(cx))?;
        Poll::Ready(Ok(OfOrigin(Some((self.index, credentials)))))
    }
}

impl<B> Default for ByOrigin<B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<B> Clone for ByOrigin<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B> Clone for Entry<B> {
    fn clone(&self) -> Self {
        Self {
            origins: Arc::clone(&self.origins),
            schemes: self.schemes.clone(),
        }
    }
}

impl<B> fmt::Debug for ByOrigin<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.iter().map(|entry| (&entry.origins, &entry.schemes));
        f.debug_list().entries(entries).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Basic, ErrorKind, HeaderApiKey};
    use http::header::AUTHORIZATION;

    fn sent(table: &ByOrigin<()>, uri: &str) -> Option<String> {
        let mut request = Request::get(uri).body(()).unwrap();
        let Step::Ready(credentials) = table.acquire(RequestHead::from(&request), None) else {
            panic!("they are at hand")
        };
        table.authorize(credentials, &mut request).unwrap();
        let value = request.headers().get(AUTHORIZATION)?;
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_first_entry_of_an_origin_counts_and_others_get_nothing() {
        let basic = |name| BoxScheme::new(Basic::new(name, "").unwrap());
        let table = ByOrigin::new()
            .add("https://a.example", basic("a"))
            .unwrap()
            .add(["https://a.example", "https://b.example:8443"], basic("b"))
            .unwrap();
        assert_eq!(
            sent(&table, "https://A.example:443/").unwrap(),
            "Basic YTo="
        );
        assert_eq!(
            sent(&table, "https://b.example:8443/").unwrap(),
            "Basic Yjo="
        );
        for uri in [
            "https://b.example/",
            "http://a.example/",
            "https://a.example.evil/",
            "/",
        ] {
            assert_eq!(sent(&table, uri), None, "{uri}");
        }
        let mut claims = 0;
        table.claims(&mut |_| claims += 1);
        assert_eq!(claims, 1);
        let key = BoxScheme::new(HeaderApiKey::new("key").unwrap());
        let error = table.add("https://*.example", key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}
