//! Sessions of S3 Express directory buckets.

use super::{
    CachedCredentials, CredentialsError, ProvideCredentials, ProviderContext, config::endpoint,
    document, error::Errors, remote::Remote, secrets::Secrets, timestamp,
};
use crate::{Credentials, Identity, PayloadHash, SessionToken, Signer};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use pin_project_lite::pin_project;
use roxmltree::{Document, ParsingOptions};
use std::{
    fmt,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tower_auth_core::{
    AuthError, Clock, Deferred, ErrorKind, Observe, RequestHead, ResponseHead, Secret, Step,
    Verdict,
};
use tower_auth_http::{Body, Retry};
use tower_auth_token::{
    Acquire, Cache, CacheMap, Current, Demand, Failure, Fetched, Source, ValueId,
};

const ERRORS: Errors = Errors("S3 Express");

/// For how many buckets sessions are kept at the same time.
const BUCKETS: NonZeroUsize = NonZeroUsize::new(100).unwrap();

/// The identity for S3 Express directory buckets: a session for each bucket, made with other credentials.
///
/// The first request to a bucket's host calls `CreateSession` there (`GET /?session`), signed with the credentials of the
/// provider. What it answers with, a key for five minutes, signs the requests to that bucket, with
/// `x-amz-s3session-token`; it is renewed before it expires, by one call at a time. Sessions of up to 100 buckets are
/// kept; which bucket it is tells the origin of a request, since directory buckets are addressed by host only. No session
/// is asked for over plain http, but from this machine: the answer is a secret key.
///
/// Credentials of the provider that `CreateSession` refuses are fetched anew for the next session.
///
/// `CopyObject`, `UploadPartCopy` and `HeadBucket` do not take sessions, and are signed with the provider's credentials
/// themselves, as the SDKs do.
///
/// ```no_run
/// use tower_auth_aws::{SigV4, credentials::{DefaultChain, ProviderContext, S3Express}};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let context = ProviderContext::new();
/// let sessions = S3Express::new(&context, DefaultChain::new(&context), "us-west-2")?;
/// let sigv4 = SigV4::new("s3express", "us-west-2", sessions)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct S3Express {
    base: CachedCredentials,
    sessions: CacheMap<String, SessionSource>,
}

impl S3Express {
    /// Sessions in this region, with the credentials of a provider. The context gives the clock and the HTTP client, which
    /// has to speak https (feature `rustls`, or a client of yours).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the region cannot be one.
    pub fn new(
        context: &ProviderContext,
        provider: impl ProvideCredentials + 'static,
        region: impl AsRef<str>,
    ) -> Result<Self, AuthError> {
        let region = region.as_ref();
        // It is the credentials of the provider that sign here, with their own kind of token.
        let signer = Signer::new("s3express", region)?.session_token(SessionToken::Signed);
        let builder = CachedCredentials::builder(provider).clock(context.clock.clone());
        let base = CachedCredentials::from_cache(builder.build());
        let shared = Arc::new(Shared {
            remote: Remote::new(
                context,
                ERRORS,
                Duration::from_secs(10),
                Retry::new(3).repeatable(),
            ),
            signer,
            base: base.clone(),
        });
        let clock = context.clock.clone();
        let sessions = CacheMap::new(BUCKETS, move |origin: &String| {
            let source = SessionSource {
                shared: Arc::clone(&shared),
                origin: origin.clone(),
            };
            Cache::builder(source)
                .early_expiry(Duration::from_secs(10))
                // Longer than the credentials of the provider may take.
                .timeout(Duration::from_secs(180))
                .clock(clock.clone())
                .build()
        });
        Ok(Self { base, sessions })
    }
}

/// What [`S3Express`] lends: a session, or the credentials that sessions are made with.
#[derive(Clone, Debug)]
pub struct Lent {
    credentials: Current<Credentials>,
    origin: Option<String>, // of the session's bucket
}

impl crate::holder::sealed::Sealed for S3Express {}

impl Identity for S3Express {
    type Mode = Deferred;
    type Loan = Lent;
    type Sent = SentSession;
    type Acquire = AcquireLent;

    fn acquire(&self, request: RequestHead<'_>, _: &Clock) -> Step<Lent, AcquireLent> {
        let (step, origin) = if takes_no_session(request.method, request.uri, request.headers) {
            (self.base.acquire(), None)
        } else {
            let origin = origin(request.uri);
            (self.sessions.get(&origin).acquire(), Some(origin))
        };
        match step {
            Step::Ready(credentials) => Step::Ready(Lent {
                credentials,
                origin,
            }),
            Step::Wait(inner) => Step::Wait(AcquireLent { inner, origin }),
        }
    }

    fn credentials<'a>(&'a self, loan: &'a Lent) -> &'a Credentials {
        &loan.credentials
    }

    fn session_token(&self, loan: &Lent) -> Option<SessionToken> {
        Some(match loan.origin {
            Some(_) => SessionToken::S3Session,
            None => SessionToken::Signed,
        })
    }

    fn sent(&self, loan: Lent, _: &Clock) -> SentSession {
        SentSession(loan.credentials.id())
    }
}

/// Which of the sessions of [`S3Express`] a request was signed with.
#[derive(Clone, Copy, Debug)]
pub struct SentSession(ValueId);

impl Observe for SentSession {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        if response.is_unauthorized() {
            self.0.refused()
        } else {
            Verdict::Accepted
        }
    }
}

/// `CopyObject` and `UploadPartCopy` name a source; `HeadBucket` has no key.
fn takes_no_session(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    headers.contains_key("x-amz-copy-source")
        || (method == Method::HEAD && matches!(uri.path(), "" | "/"))
}

fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("https");
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{}", host.to_ascii_lowercase())
}

pin_project! {
    /// Future of what [`S3Express`] lends.
    pub struct AcquireLent {
        #[pin]
        inner: Acquire<Credentials>,
        origin: Option<String>,
    }
}

impl Future for AcquireLent {
    type Output = Result<Lent, AuthError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let credentials = ready!(this.inner.poll(cx))?;
        Poll::Ready(Ok(Lent {
            credentials,
            origin: this.origin.take(),
        }))
    }
}

struct Shared {
    remote: Remote,
    signer: Signer,
    base: CachedCredentials,
}

/// `CreateSession` of one bucket.
struct SessionSource {
    shared: Arc<Shared>,
    origin: String,
}

impl Source for SessionSource {
    type Value = Credentials;

    async fn fetch(&self, demand: Demand<Credentials>) -> Result<Fetched<Credentials>, Failure> {
        let Shared {
            remote,
            signer,
            base,
        } = &*self.shared;
        is_private(&self.origin).map_err(AuthError::from)?;
        let credentials = base.get().await?;
        let request = || {
            let mut request = Request::get(format!("{}/?session", self.origin))
                .body(Body::empty())
                .map_err(|_| {
                    ERRORS.configuration("the bucket's origin is not the start of a URL")
                })?;
            signer
                .sign(
                    &credentials,
                    demand.clock.now(),
                    &mut request,
                    PayloadHash::EMPTY,
                )
                .map_err(|error| {
                    ERRORS
                        .configuration("CreateSession cannot be signed")
                        .with_source(error)
                })?;
            Ok(request)
        };
        let secrets = Secrets::of(&credentials);
        let reply = remote
            .send(request, |_| false, &secrets)
            .await
            .map_err(AuthError::from)?;
        if !reply.status().is_success() {
            let code = element(reply.body(), "Code").unwrap_or_default();
            if reply.status() == StatusCode::UNAUTHORIZED || is_key_refused(&code) {
                let _ = base.refused(&credentials); // this session fails all the same; the next has others
            }
            return Err(AuthError::from(
                ERRORS
                    .refused(format!(
                        "CreateSession was refused with status {}: {}",
                        reply.status().as_u16(),
                        secrets.clean(&code)
                    ))
                    .answered(&reply),
            )
            .into());
        }
        let session = session(reply.body()).map_err(AuthError::from)?;
        let end = session.expires_at();
        if end.is_some_and(|end| end <= demand.clock.now()) {
            return Err(AuthError::new(
                ErrorKind::Credentials,
                "CreateSession gave a session that has expired; is the clock of this machine right?",
            )
            .into());
        }
        Ok(Fetched::new(session).expires_at(end))
    }
}

/// What comes back is a secret key.
fn is_private(origin: &str) -> Result<(), CredentialsError> {
    let uri = endpoint::absolute(origin).ok_or_else(|| {
        ERRORS.configuration("the bucket's origin is not the start of an http(s) URL")
    })?;
    if uri.scheme_str() == Some("https") || endpoint::is_loopback(&uri) {
        Ok(())
    } else {
        Err(ERRORS
            .configuration("a session would come over plain http from another machine; use https"))
    }
}

/// Whether it is the key that is refused, and not what it is used for.
fn is_key_refused(code: &str) -> bool {
    matches!(code, "ExpiredToken" | "InvalidAccessKeyId" | "InvalidToken")
}

/// The text of the first element of this name.
fn element(body: &[u8], name: &str) -> Option<String> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: 1_000,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(std::str::from_utf8(body).ok()?, options).ok()?;
    let mut elements = document.descendants();
    let text = elements
        .find(|node| node.tag_name().name() == name)?
        .text()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn session(body: &[u8]) -> Result<Credentials, CredentialsError> {
    let field = |name: &str| {
        element(body, name)
            .ok_or_else(|| ERRORS.malformed(format!("the answer of CreateSession has no `{name}`")))
    };
    let expiration = timestamp::parse(&field("Expiration")?).ok_or_else(|| {
        ERRORS.malformed("the `Expiration` in the answer of CreateSession is not an RFC 3339 time")
    })?;
    document::build(
        &field("AccessKeyId")?,
        Secret::from(field("SecretAccessKey")?),
        Some(Secret::from(field("SessionToken")?)),
        Some(expiration),
        ERRORS,
    )
}

impl fmt::Debug for S3Express {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Express")
            .field("base", &self.base)
            .field("sessions", &self.sessions)
            .finish()
    }
}

impl fmt::Debug for AcquireLent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireLent").finish_non_exhaustive()
    }
}
