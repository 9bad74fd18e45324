//! Digest as a scheme.

use crate::{
    Unanswered,
    challenge::{self, Policy, Quality as Qop, choose},
    cnonce::Source,
    memory::{Memory, Session},
    response::{Asked, User, authorization},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header::AUTHORIZATION};
use http_body::Body;
use std::{
    borrow::Cow,
    fmt,
    marker::PhantomData,
    sync::{Arc, OnceLock},
};
use tower_auth_core::{
    AuthError, Authorize, Claim, Deferred, ErrorKind, Never, NonceSource, Observe, Origin,
    RequestHead, ResponseHead, Scheme, Secret, Step, Verdict, body::in_memory, challenge::Params,
    insert_header, scheme,
};

static AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

/// How large a body may be that [`AuthInt`] reads, unless [`limit`](Digest::limit) says otherwise: 1 MiB.
const DEFAULT_LIMIT: usize = 1 << 20;

/// A user name and a password that never go over the wire (RFC 7616): a finisher.
///
/// The first request to an origin goes out without credentials. The 401 that it gets teaches the server's nonce; with
/// [`replay`](tower_auth_core::SchemeExt::replay) the request is sent once more, now with
/// `Authorization: Digest username="…", realm="…", uri="…", …, response="…"`. **Later requests are authorized at
/// once**, each with its own nonce count, however many there are at a time. A nonce that the server calls stale, or
/// replaces by `nextnonce`, is replaced here.
///
/// Known are MD5, SHA-256 and SHA-512-256, each with `-sess`; of several challenges the strongest is answered. User
/// names and passwords are UTF-8.
///
/// A request that is sent once more answers the challenge that it got itself, so a server may hand out nonces for one
/// use only. For requests that come later, a challenge of an origin counts for all of it: `domain` is not read, and where
/// one origin has several realms, going from one to the other costs a challenge each time. What is not done: to answer
/// proxies (407), and to check the server's `rspauth`.
///
/// **No silent weakening**: once a realm of an origin has accepted an answer, a challenge of that realm with MD5 in place
/// of SHA-2, or with less protection (`auth` in place of `auth-int`, no `qop` in place of `auth`), is not answered by
/// this scheme and its clones; the 401 stays what it is. Nor is a challenge answered whose realm, nonce and `opaque` have
/// more than 4 KiB together, as each request would repeat them. What was not answered, and why, says
/// [`unanswered`](Self::unanswered). An empty parameter counts as absent, save the realm:
/// `qop=""` is answered as RFC 2069 has it.
///
/// User name and password of a URI (`https://user:password@…`) play no part.
///
/// Anybody who listens can try passwords on what goes over the wire, and MD5 does not make that hard: use https.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response, StatusCode};
/// use http_body_util::Full;
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt};
/// use tower_auth_core::{SchemeExt, replay::Cloned};
/// use tower_auth_digest::Digest;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Stands in for a server: says 401 until it sees an answer.
/// let http = tower::service_fn(async |request: Request<Full<Bytes>>| {
///     let mut response = Response::new(Full::<Bytes>::default());
///     if !request.headers().contains_key("authorization") {
///         *response.status_mut() = StatusCode::UNAUTHORIZED;
///         let challenge = r#"Digest realm="cave", nonce="7ypf", qop="auth", algorithm=SHA-256"#;
///         response.headers_mut().insert("www-authenticate", challenge.parse().expect("is one"));
///     }
///     Ok::<_, Infallible>(response)
/// });
///
/// let digest = Digest::new("Aladdin", "open sesame")?;
/// let client = digest.only_to("https://api.example.com")?.replay(Cloned).layer(http);
/// let response = client.oneshot(Request::get("https://api.example.com/").body(Full::default())?).await?;
/// assert_eq!(response.status(), StatusCode::OK);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Digest<Q = Auth> {
    settings: Arc<Settings>,
    memory: Arc<Memory>,
    quality: PhantomData<Q>,
}

#[derive(Clone, Debug)]
struct Settings {
    username: Box<str>,
    password: Secret,
    md5: bool,
    limit: usize,
    nonces: Source,
}

/// What is protected: [`Auth`] or [`AuthInt`].
pub trait Quality: Clone + fmt::Debug + sealed::Sealed {
    #[doc(hidden)]
    const INTEGRITY: bool;
}

/// A [`Quality`] that works for bodies of type `B`.
#[diagnostic::on_unimplemented(
    message = "a `{B}` could not be read to protect its integrity",
    note = "`Digest::integrity` needs a body in memory that is `Clone`, such as `Full<Bytes>`; put the body in \
            memory, or do without"
)]
pub trait Protect<B>: Quality {
    #[doc(hidden)]
    fn read(body: &B, limit: usize) -> Result<Bytes, AuthError>;
}

/// `qop=auth`: method and URI are protected. For every body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auth;

/// `qop=auth-int` where the server offers it, else `auth`: the body is protected, too. For bodies in memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuthInt;

impl Quality for Auth {
    const INTEGRITY: bool = false;
}

impl Quality for AuthInt {
    const INTEGRITY: bool = true;
}

impl<B> Protect<B> for Auth {
    fn read(_: &B, _: usize) -> Result<Bytes, AuthError> {
        Ok(Bytes::new())
    }
}

impl<B: Body + Clone> Protect<B> for AuthInt {
    fn read(body: &B, limit: usize) -> Result<Bytes, AuthError> {
        in_memory(body, limit).map_err(|error| {
            let context = format!("the body cannot be protected by Digest's auth-int: {error}");
            AuthError::new(ErrorKind::Request, context).with_source(error)
        })
    }
}

impl Digest {
    /// This user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the user name holds a colon, at which the server would split it, or when either
    /// holds a control character (RFC 7616 section 3.4.4).
    pub fn new(username: impl AsRef<str>, password: impl Into<Secret>) -> Result<Self, AuthError> {
        let username = username.as_ref();
        let password = password.into();
        if username.contains(':') {
            return Err(AuthError::configuration(
                "username",
                "has a colon, at which the server would split it (RFC 7616 section 3.4.4)",
            ));
        }
        for (name, value) in [("username", username), ("password", password.expose())] {
            if value.chars().any(|char| char.is_ascii_control()) {
                return Err(AuthError::configuration(
                    name,
                    "has a control character; was it read from a file with its line end?",
                ));
            }
        }
        Ok(Self {
            settings: Arc::new(Settings {
                username: username.into(),
                password,
                md5: true,
                limit: DEFAULT_LIMIT,
                nonces: Source::default(),
            }),
            memory: Arc::default(),
            quality: PhantomData,
        })
    }

    /// Protects bodies, too, where the server offers `auth-int`. They have to be in memory (`B: Body + Clone`).
    #[must_use]
    pub fn integrity(self) -> Digest<AuthInt> {
        Digest {
            settings: self.settings,
            memory: Arc::default(),
            quality: PhantomData,
        }
    }
}

impl<Q> Digest<Q> {
    /// A changed scheme has learned nothing yet.
    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self.memory = Arc::default();
        self
    }

    /// Does not answer challenges with MD5: a request that gets nothing better stays refused.
    #[must_use]
    pub fn without_md5(self) -> Self {
        self.with(|settings| settings.md5 = false)
    }

    /// How large a body may be, in bytes, that is read for `auth-int`. Default: 1 MiB. A larger one is an error.
    #[must_use]
    pub fn limit(self, bytes: usize) -> Self {
        self.with(|settings| settings.limit = bytes)
    }

    /// Where client nonces come from. Default: 128 random bits from the operating system, as 32 hexadecimal digits.
    #[must_use]
    pub fn client_nonces(self, source: impl NonceSource + 'static) -> Self {
        self.with(|settings| settings.nonces = Source::Custom(Arc::new(source)))
    }
}

impl<Q: Quality> Digest<Q> {
    /// Why the challenge of this response was not answered, for callers that are left with a 401. `uri` is that of the
    /// request; where redirects are followed, of the last one.
    ///
    /// `None` when it is no refusal (401), has no Digest challenge, or has one that can be answered. A refusal of that
    /// last kind means that user name or password are wrong, or that there is no
    /// [`replay`](tower_auth_core::SchemeExt::replay) to answer it with.
    ///
    /// A scheme and its clones have one memory, so ask the scheme, or a clone of it, that the client was made of.
    ///
    /// ```
    /// use http::{Response, Uri};
    /// use tower_auth_digest::{Digest, Unanswered};
    ///
    /// let digest = Digest::new("Aladdin", "open sesame")?.without_md5();
    /// // … `digest.clone().replay(Cloned).layer(http)` was sent a request, and answered:
    /// let response = Response::builder()
    ///     .status(401)
    ///     .header("www-authenticate", r#"Digest realm="r", nonce="n", qop="auth", algorithm=MD5"#)
    ///     .body(())?;
    /// let uri = Uri::from_static("https://api.example.com/");
    /// assert_eq!(digest.unanswered(&uri, &response), Some(Unanswered::Unsupported));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unanswered<'a>(
        &self,
        uri: &http::Uri,
        response: impl Into<ResponseHead<'a>>,
    ) -> Option<Unanswered> {
        let response = response.into();
        if !response.is_unauthorized() {
            return None;
        }
        let origin = Origin::of(uri).ok();
        self.judge(origin.as_ref(), response.headers).err()?
    }

    /// The challenge that is to be answered; or why none is, `None` where there is none.
    fn judge(
        &self,
        origin: Option<&Origin>,
        headers: &HeaderMap,
    ) -> Result<challenge::Challenge, Option<Unanswered>> {
        let policy = Policy {
            integrity: Q::INTEGRITY,
            md5: self.settings.md5,
        };
        let challenge = choose(headers, policy)?;
        match origin {
            Some(origin) if self.memory.is_weaker(origin, &challenge) => {
                Err(Some(Unanswered::Weaker))
            }
            _ => Ok(challenge),
        }
    }

    /// Learns a challenge, and answers with the session that it begins. A session without randomness is not made; the
    /// 401 stays what it is.
    fn learn(&self, sent: &Ticket, challenge: challenge::Challenge) -> Option<Arc<Session>> {
        let session = challenge.algorithm.session;
        let cnonce = match session.then(|| self.settings.nonces.next()).transpose() {
            Ok(cnonce) => cnonce,
            Err(error) => {
                tracing::warn!(%error, "no randomness for a Digest session");
                return None;
            }
        };
        let new = Session::new(
            sent.origin()?.clone(),
            challenge,
            &self.settings.username,
            self.settings.password.expose(),
            cnonce,
        );
        let new = match sent.session() {
            Some(session) => new.after(session),
            None => new,
        };
        Some(self.memory.replace(sent.session(), new))
    }

    fn learn_next_nonce(&self, sent: &Ticket, response: ResponseHead<'_>) {
        let Some(session) = sent.session() else {
            return;
        };
        for header in response.headers.get_all(&AUTHENTICATION_INFO) {
            let params = Params::parse(header.as_bytes());
            let Some(nonce) = params.get("nextnonce") else {
                continue;
            };
            if nonce != session.challenge.nonce {
                let next = session.with_next_nonce(nonce.to_vec());
                if !next.challenge.is_too_long() {
                    let _ = self.memory.replace(Some(session), next);
                }
            }
            return;
        }
    }
}

/// What one request goes out with.
#[derive(Clone, Debug)]
pub struct Ticket(Sent);

#[derive(Clone, Debug)]
enum Sent {
    /// Nothing: this origin has not asked yet.
    Unknown(Origin),
    /// An answer, with this nonce count.
    Known(Arc<Session>, u32),
    /// The URI has no origin. Core does not let such a request through.
    Nowhere,
}

impl Ticket {
    fn origin(&self) -> Option<&Origin> {
        match &self.0 {
            Sent::Unknown(origin) => Some(origin),
            Sent::Known(session, _) => Some(&session.origin),
            Sent::Nowhere => None,
        }
    }

    fn session(&self) -> Option<&Arc<Session>> {
        match &self.0 {
            Sent::Known(session, _) => Some(session),
            _ => None,
        }
    }
}

impl<Q: Quality> Scheme for Digest<Q> {
    type Mode = Deferred;
    type Credentials = Ticket;
    type Sent = SentTicket<Q>;
    type Acquire = Never<Result<Ticket, AuthError>>;

    /// A refused request answers the challenge that it got itself: another's nonce may be good for that one only, or
    /// belong to another realm.
    fn acquire(
        &self,
        request: RequestHead<'_>,
        refused: Option<&SentTicket<Q>>,
    ) -> Step<Ticket, Self::Acquire> {
        let own = refused.and_then(|refused| refused.challenged.get().map(Arc::clone));
        let known = [own, self.memory.find(request.uri)];
        let known = known.into_iter().flatten().find_map(|session| {
            let count = session.next_count()?;
            Some(Sent::Known(session, count))
        });
        let sent =
            known.unwrap_or_else(|| Origin::of(request.uri).map_or(Sent::Nowhere, Sent::Unknown));
        Step::Ready(Ticket(sent))
    }

    /// A digest is refused only where the answer says how to do better.
    fn is_same(&self, _: &SentTicket<Q>, _: &Ticket) -> bool {
        false
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&AUTHORIZATION));
    }
}

/// What one request went out with, and the scheme that learns from the answer.
#[derive(Clone, Debug)]
pub struct SentTicket<Q> {
    digest: Digest<Q>,
    ticket: Ticket,
    /// The session that its refusal began.
    challenged: OnceLock<Arc<Session>>,
}

impl<Q: Quality> Observe for SentTicket<Q> {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        let Self {
            digest,
            ticket: sent,
            challenged,
        } = self;
        if !response.is_unauthorized() {
            if let Some(session) = sent.session() {
                digest.memory.accept(session);
            }
            digest.learn_next_nonce(sent, response);
            return Verdict::Accepted;
        }
        let challenge = match digest.judge(sent.origin(), response.headers) {
            Ok(challenge) => challenge,
            Err(Some(why)) => {
                tracing::warn!(%why, "a Digest challenge is not answered");
                return Verdict::Accepted;
            }
            Err(None) => {
                tracing::debug!("refused without a Digest challenge");
                return Verdict::Accepted;
            }
        };
        let again = match sent.session() {
            None => true,
            // The same nonce once more, and not stale: it is the password that is wrong.
            Some(session) if session.challenge.nonce == challenge.nonce => challenge.stale,
            // Some servers forget their nonces and do not say `stale`. A password that was right before is tried again.
            Some(session) => {
                challenge.stale
                    || session.was_accepted()
                    || session.challenge.realm != challenge.realm
            }
        };
        if let Some(session) = digest.learn(sent, challenge) {
            let _ = challenged.set(session); // a response is seen once
        }
        if again {
            Verdict::Refused
        } else {
            Verdict::Accepted
        }
    }
}

impl<B, Q: Protect<B>> Authorize<B> for Digest<Q> {
    fn authorize(
        &self,
        ticket: Ticket,
        request: &mut Request<B>,
    ) -> Result<SentTicket<Q>, AuthError> {
        match &ticket.0 {
            Sent::Known(session, count) => self.answer(session, *count, request)?,
            // What a caller sent does not go on in place of ours.
            _ => drop(request.headers_mut().remove(AUTHORIZATION)),
        }
        Ok(SentTicket {
            digest: self.clone(),
            ticket,
            challenged: OnceLock::new(),
        })
    }
}

impl<Q: Quality> Digest<Q> {
    /// Answers the challenge of a session.
    fn answer<B>(
        &self,
        session: &Session,
        count: u32,
        request: &mut Request<B>,
    ) -> Result<(), AuthError>
    where
        Q: Protect<B>,
    {
        let body = match session.challenge.quality {
            Qop::AuthInt => Q::read(request.body(), self.settings.limit)?,
            Qop::Auth | Qop::Legacy => Bytes::new(),
        };
        let fresh;
        let cnonce = match &session.cnonce {
            Some(cnonce) => cnonce,
            None => {
                fresh = self.settings.nonces.next().map_err(no_randomness)?;
                &fresh
            }
        };
        let user = User {
            name: &self.settings.username,
            secret: session.secret(),
        };
        let target = target(request.uri());
        let asked = Asked {
            method: request.method().as_str(),
            uri: &target,
            body: &body,
            cnonce,
            count,
        };
        let header = authorization(&session.challenge, user, asked);
        let mut header = HeaderValue::try_from(header).map_err(|_| {
            AuthError::new(
                ErrorKind::Request,
                "the answer to the Digest challenge is no header value",
            )
        })?;
        header.set_sensitive(true);
        insert_header(request.headers_mut(), AUTHORIZATION, header)
    }
}

fn no_randomness(error: getrandom::Error) -> AuthError {
    AuthError::new(
        ErrorKind::Request,
        "the operating system gave no randomness for a client nonce",
    )
    .with_source(error)
}

/// The request target in origin form, as it stands in the request line: it has a path where the URI has only a query.
fn target(uri: &http::Uri) -> Cow<'_, str> {
    match uri.path_and_query() {
        Some(target) if target.as_str().starts_with('?') => target.to_string().into(),
        Some(target) => target.as_str().into(),
        None => "/".into(),
    }
}

mod sealed {
    #[expect(
        unnameable_types,
        reason = "which is what keeps others from implementing what it seals"
    )]
    pub trait Sealed {}
    impl Sealed for super::Auth {}
    impl Sealed for super::AuthInt {}
}

scheme!(finisher [Q: Quality] Digest<Q>);
