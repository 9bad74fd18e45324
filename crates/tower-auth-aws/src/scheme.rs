//! SigV4 as a scheme: a finisher.

use crate::{
    ClockCorrected, Credentials, SignedAlready, Signer,
    holder::Identity,
    payload::{Chunked, DeclaredHash, EventStream, HashBody, Payload, Seed, UnsignedPayload},
    signer::{X_AMZ_DATE, X_AMZ_S3SESSION_TOKEN, X_AMZ_SECURITY_TOKEN},
    stream::server_time,
};
use http::{Request, header::AUTHORIZATION};
use std::fmt;
use tower_auth_core::{AuthError, Authorize, Claim, Clock, RequestHead, Scheme, Step, scheme};

/// AWS Signature Version 4: a finisher, so the signature covers what every other term of a sum writes.
///
/// Adds `Host` (unless it is there: what is signed is what is sent), `X-Amz-Date`, `Authorization: AWS4-HMAC-SHA256 …`,
/// the session token of temporary credentials, and `X-Amz-Content-Sha256` for S3. What the request has of these
/// already is replaced, or taken away: see [`signed_already`](Self::signed_already).
///
/// How the body takes part is a matter of types: see [`Payload`]. By default it is hashed, for which it has to be in
/// memory.
///
/// ```
/// use std::convert::Infallible;
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{Layer, ServiceExt};
/// use tower_auth_aws::{Credentials, SigV4};
/// use tower_auth_core::SchemeExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Stands in for any HTTP client: answers with the header that it was sent.
/// let http = tower::service_fn(async |request: Request<Full<Bytes>>| {
///     Ok::<_, Infallible>(Response::new(request.headers()["authorization"].clone()))
/// });
///
/// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?;
/// let origin = "https://abc123.execute-api.us-east-1.amazonaws.com";
/// let client = SigV4::new("execute-api", "us-east-1", credentials)?.only_to(origin)?.layer(http);
///
/// let request = Request::post(format!("{origin}/prod/orders")).body(Full::from("{}"))?;
/// let response = client.oneshot(request).await?;
/// assert!(response.body().to_str()?.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SigV4<P = HashBody, I = Credentials> {
    signer: Signer,
    identity: I,
    payload: P,
    clock: Clock,
}

impl<I: Identity> SigV4<HashBody, I> {
    /// For this service (`s3`, `execute-api`, `bedrock` …) in this region (`us-east-1`), as this identity: fixed
    /// [`Credentials`], or what fetches them.
    ///
    /// # Errors
    ///
    /// As [`Signer::new`].
    pub fn new(
        service: impl AsRef<str>,
        region: impl AsRef<str>,
        identity: I,
    ) -> Result<Self, AuthError> {
        let service = service.as_ref();
        let region = region.as_ref();
        Ok(Self::with_signer(Signer::new(service, region)?, identity))
    }

    /// With a signer that was told more: path rules, SigV4a, how the session token travels.
    pub fn with_signer(signer: Signer, identity: I) -> Self {
        Self {
            signer,
            identity,
            payload: HashBody,
            clock: Clock::system(),
        }
    }
}

impl<P, I> SigV4<P, I> {
    /// See [`Signer::include_headers`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) for what is not the name of a header.
    pub fn include_headers<'a>(
        self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AuthError> {
        let signer = self.signer.include_headers(names)?;
        Ok(Self { signer, ..self })
    }

    /// See [`Signer::exclude_headers`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](tower_auth_core::ErrorKind::Configuration) for what is not the name of a header.
    pub fn exclude_headers<'a>(
        self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AuthError> {
        let signer = self.signer.exclude_headers(names)?;
        Ok(Self { signer, ..self })
    }

    /// See [`Signer::signed_already`].
    #[must_use]
    pub fn signed_already(self, signed_already: SignedAlready) -> Self {
        let signer = self.signer.signed_already(signed_already);
        Self { signer, ..self }
    }

    /// The time from another clock: for tests.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Bodies of any type, not signed: see [`UnsignedPayload`].
    #[must_use]
    pub fn unsigned_payload(self) -> SigV4<UnsignedPayload, I> {
        self.with_payload(UnsignedPayload)
    }

    /// Bodies of any type, whose hash the caller declares: see [`DeclaredHash`].
    #[must_use]
    pub fn declared_hash(self) -> SigV4<DeclaredHash, I> {
        self.with_payload(DeclaredHash)
    }

    /// Streams to S3: see [`Chunked`].
    #[must_use]
    pub fn chunked(self, chunked: Chunked) -> SigV4<Chunked, I> {
        self.with_payload(chunked)
    }

    /// Streams of messages: see [`EventStream`].
    #[must_use]
    pub fn event_stream(self) -> SigV4<EventStream, I> {
        self.with_payload(EventStream)
    }

    fn with_payload<Q>(self, payload: Q) -> SigV4<Q, I> {
        SigV4 {
            signer: self.signer,
            identity: self.identity,
            payload,
            clock: self.clock,
        }
    }

    /// Learns from responses when the clock of this machine is off, and corrects it: see [`ClockCorrected`].
    ///
    /// With [`replay`](tower_auth_core::SchemeExt::replay) the request that was refused for it is sent once more.
    #[must_use]
    pub fn correct_clock(self) -> SigV4<P, ClockCorrected<I>>
    where
        I: Identity,
    {
        SigV4 {
            signer: self.signer,
            identity: ClockCorrected::new(self.identity),
            payload: self.payload,
            clock: self.clock,
        }
    }

    /// The signer, with which a refused signature can be looked into.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }
}

impl<P: Clone, I: Identity> Scheme for SigV4<P, I> {
    type Mode = I::Mode;
    type Credentials = I::Loan;
    type Sent = I::Sent;
    type Acquire = I::Acquire;

    fn acquire(&self, request: RequestHead<'_>, _: Option<&I::Sent>) -> Step<I::Loan, I::Acquire> {
        self.identity.acquire(request, &self.clock)
    }

    /// Every try is signed afresh.
    fn is_same(&self, _: &I::Sent, _: &I::Loan) -> bool {
        false
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&AUTHORIZATION));
        visit(Claim::Header(&X_AMZ_DATE));
        visit(Claim::Header(&X_AMZ_SECURITY_TOKEN));
        visit(Claim::Header(&X_AMZ_S3SESSION_TOKEN));
    }
}

impl<B, P: Payload<B>, I: Identity> Authorize<B> for SigV4<P, I> {
    fn authorize(&self, loan: I::Loan, request: &mut Request<B>) -> Result<I::Sent, AuthError> {
        let credentials = self.identity.credentials(&loan);
        let ahead = self.identity.ahead(&loan);
        let payload = self.payload.describe(request)?;
        let time = server_time(&self.clock, ahead);
        let other;
        let signer = match self.identity.session_token(&loan) {
            Some(token) if token != self.signer.token() => {
                other = self.signer.clone().session_token(token);
                &other
            }
            _ => &self.signer,
        };
        let payload = signer.spelled(payload);
        let signature = signer.sign(credentials, time, request, payload)?;
        let seed = Seed {
            signer,
            credentials,
            signature: &signature,
            clock: &self.clock,
            ahead,
        };
        self.payload.signed(request, seed)?;
        Ok(self.identity.sent(loan, &self.clock))
    }
}

scheme!(finisher [P: Clone, I: Identity] SigV4<P, I>);

impl<P: fmt::Debug, I: fmt::Debug> fmt::Debug for SigV4<P, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigV4")
            .field("signer", &self.signer)
            .field("identity", &self.identity)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}
