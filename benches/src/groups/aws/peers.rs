//! The peers, as layers.

use super::{ID, REGION, SECRET, requests, time};
use crate::{Body, BoxError, Case, InsertLayer, Subject, Work};
use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
        SigningParams, SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::{v4, v4a},
};
use aws_smithy_runtime_api::client::identity::Identity;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Uri};
use http_body::Body as _;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use std::{
    future::Future,
    hint::black_box,
    mem,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tower_auth_aws::{Credentials, PayloadHash, Signer};

fn identity() -> Identity {
    AwsCredentials::new(ID, SECRET, None, None, "bench").into()
}

fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

/// The SDK's signer, as its documentation shows it.
pub(super) fn aws_sigv4(service: &'static str) -> InsertLayer<impl Fn(&mut Request<Body>) + Clone> {
    let identity = identity();
    InsertLayer(move |request: &mut Request<Body>| {
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(time())
            .settings(settings(service))
            .build()
            .expect("all is set");
        apply(request, &params.into(), |request| {
            let body = bytes(request);
            SignableBody::Precomputed(hex(&Sha256::digest(&body)))
        });
    })
}

pub(super) fn aws_sigv4a(
    service: &'static str,
) -> InsertLayer<impl Fn(&mut Request<Body>) + Clone> {
    let identity = identity();
    InsertLayer(move |request: &mut Request<Body>| {
        let params = v4a::SigningParams::builder()
            .identity(&identity)
            .region_set("*")
            .name(service)
            .time(time())
            .settings(settings(service))
            .build()
            .expect("all is set");
        apply(request, &params.into(), |_| SignableBody::UnsignedPayload);
    })
}

fn apply(
    request: &mut Request<Body>,
    params: &SigningParams<'_>,
    body: impl FnOnce(&Request<Body>) -> SignableBody<'static>,
) {
    let body = body(request);
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().expect("ASCII")));
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.uri().to_string(),
        headers,
        body,
    )
    .expect("a request that can be signed");
    let (instructions, _) = sign(signable, params).expect("signed").into_parts();
    instructions.apply_to_request_http1x(request);
}

/// The body's bytes, which are in memory.
fn bytes(request: &Request<Body>) -> bytes::Bytes {
    if request.body().is_end_stream() {
        return bytes::Bytes::new();
    }
    match poll_once(request.body().clone().collect()) {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    }
}

fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing to wait for"),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// reqsign's signer with credentials that are at hand. It takes the time from the machine's clock.
pub(super) fn reqsign(service: &str) -> InsertLayer<impl Fn(&mut Request<Body>) + Clone> {
    use reqsign_core::{Context as Reqsign, SignRequest as _};
    let signer = Rc::new(reqsign_aws_v4::RequestSigner::new(service, REGION));
    let context = Rc::new(Reqsign::new());
    let credential = Rc::new(reqsign_aws_v4::Credential {
        access_key_id: ID.to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: None,
        expires_in: None,
    });
    InsertLayer(move |request: &mut Request<Body>| {
        let (mut parts, body) = mem::take(request).into_parts();
        poll_once(signer.sign_request(&context, &mut parts, Some(&credential), None))
            .expect("signed");
        *request = Request::from_parts(parts, body);
    })
}

/// The work that no signer can leave out: the hash of the canonical request, and an HMAC under the key of the day.
pub(super) fn floor() -> InsertLayer<impl Fn(&mut Request<Body>) + Clone> {
    let (canonical, string_to_sign) = texts();
    InsertLayer(move |_: &mut Request<Body>| hash(&canonical, &string_to_sign))
}

fn hash(canonical: &[u8], string_to_sign: &str) {
    black_box(Sha256::digest(black_box(canonical)));
    let key: [u8; 32] = black_box([7; 32]);
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(black_box(string_to_sign.as_bytes()));
    black_box(mac.finalize());
}

/// Still less: what HMAC computes of its key is kept, as we keep it.
pub(super) fn lower_floor() -> InsertLayer<impl Fn(&mut Request<Body>) + Clone> {
    let (canonical, string_to_sign) = texts();
    let key: Hmac<Sha256> = Hmac::new_from_slice(&[7; 32]).expect("HMAC takes keys of any length");
    InsertLayer(move |_: &mut Request<Body>| {
        black_box(Sha256::digest(black_box(&canonical)));
        let mut mac = black_box(&key).clone();
        mac.update(black_box(string_to_sign.as_bytes()));
        black_box(mac.finalize());
    })
}

/// Canonical request and string to sign of the GET.
fn texts() -> (Vec<u8>, String) {
    let mut request = requests::get();
    let signer = Signer::new("execute-api", REGION).expect("names");
    let credentials = Credentials::new(ID, SECRET).expect("a key");
    let hash = PayloadHash::EMPTY;
    signer
        .sign(&credentials, time(), &mut request, hash)
        .expect("signed");
    let canonical = signer.canonical_request((&request).into(), hash);
    let string_to_sign = signer.string_to_sign(time(), &canonical);
    (canonical, string_to_sign)
}

/// The work that no presigner can leave out.
pub(super) fn presigning_alone() -> Result<Case, BoxError> {
    let (signer, credentials) = (Signer::new("s3", REGION)?, Credentials::new(ID, SECRET)?);
    let presigned = signer.presign(&credentials, time(), HOUR, &url(), None)?;
    let text = presigned.uri().to_string();
    let (unsigned, _) = text
        .rsplit_once("&X-Amz-Signature=")
        .ok_or("no signature")?;
    let mut request = Request::get(unsigned).body(())?;
    let host = http::HeaderValue::from_static("api.example.com");
    request.headers_mut().insert("host", host);
    let canonical = signer.canonical_request((&request).into(), PayloadHash::UNSIGNED);
    let string_to_sign = signer.string_to_sign(time(), &canonical);
    let signer = Rc::new((signer, credentials));
    let ours = Work::new(
        move || (Rc::clone(&signer), url()),
        |(signer, request)| {
            signer
                .0
                .presign(&signer.1, time(), HOUR, &request, None)
                .expect("signed")
        },
        |_| "hashed".to_owned(),
    );
    let texts = Rc::new((canonical, string_to_sign));
    let peer = Work::new(
        move || Rc::clone(&texts),
        |texts| hash(&texts.0, &texts.1),
        |()| "hashed".to_owned(),
    );
    Ok(Case::new(
        "presigned GET, S3 / the hashes alone: SHA-256, and HMAC with the day's key",
        ours,
        peer,
    ))
}

/// SHA-256 over the body.
pub(super) fn body_hash() -> InsertLayer<impl Fn(&mut Request<Body>) + Clone> {
    InsertLayer(|request: &mut Request<Body>| {
        black_box(Sha256::digest(bytes(request)));
    })
}

/// Presigned URLs.
pub(super) fn presigning() -> Result<Case, BoxError> {
    let signer = Rc::new((Signer::new("s3", REGION)?, Credentials::new(ID, SECRET)?));
    let ours = Work::new(
        move || (Rc::clone(&signer), url()),
        |(signer, request)| {
            signer
                .0
                .presign(&signer.1, time(), HOUR, &request, None)
                .expect("signed")
                .into_parts()
                .0
        },
        sorted,
    );
    let peer = Work::new(
        move || (identity(), url()),
        |(identity, mut request)| {
            let mut settings = settings("s3");
            settings.signature_location = SignatureLocation::QueryParams;
            settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
            settings.expires_in = Some(HOUR);
            let params = v4::SigningParams::builder()
                .identity(&identity)
                .region(REGION)
                .name("s3")
                .time(time())
                .settings(settings)
                .build()
                .expect("all is set");
            apply(&mut request, &params.into(), |_| {
                SignableBody::UnsignedPayload
            });
            request.uri().clone()
        },
        sorted,
    );
    Ok(Case::new("presigned GET, S3 / aws-sigv4", ours, peer))
}

const HOUR: Duration = Duration::from_secs(3600);

fn url() -> Request<Body> {
    let mut request = requests::get();
    request.headers_mut().clear();
    request
}

/// The order of parameters says nothing.
fn sorted(uri: &Uri) -> String {
    let mut parameters: Vec<_> = uri.query().unwrap_or("").split('&').collect();
    parameters.sort_unstable();
    format!("{} {}", uri.path(), parameters.join("&"))
}

/// Another view of what a subject brought about.
pub(super) struct Shown<S>(S, fn(String) -> String);

impl<S: Subject> Subject for Shown<S> {
    fn prepare(&mut self, calls: usize) {
        self.0.prepare(calls);
    }

    fn run(&mut self) {
        self.0.run();
    }

    fn outcome(&self) -> String {
        (self.1)(self.0.outcome())
    }
}

/// Where the signature cannot be the same (another time, or another nonce), the shape of it has to be.
pub(super) fn masked<S>(subject: S) -> Shown<S> {
    Shown(subject, |outcome| {
        let lines = outcome.lines().map(|line| match line.split_once(": ") {
            Some(("authorization", value)) => {
                let words = value.split([' ', ',']);
                let kept =
                    words.filter(|w| w.starts_with("AWS4") || w.starts_with("SignedHeaders"));
                kept.collect::<Vec<_>>().join(" ")
            }
            Some(("x-amz-date", value)) => format!("x-amz-date of {}", value.len()),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// A floor leaves nothing on the request.
pub(super) fn nothing_shown<S>(subject: S) -> Shown<S> {
    Shown(subject, |_| "hashed".to_owned())
}
