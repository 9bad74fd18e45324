//! Signatures of OAuth 1.0a: a form with six parameters, a token, HMAC-SHA1.
//!
//! Ours gets a request and reads its form. The peer signer is given the parameters apart and has neither to read nor to
//! sort them; the floor is the HMAC of the finished base string.

use crate::{Body, BoxError, Calls, Case, Group, InsertLayer, Subject};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderValue, Request, header};
use oauth1_request as oauth;
use sha1::Sha1;
use std::{
    fmt,
    hint::black_box,
    num::NonZeroU64,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};
use tower_auth_core::{Authorize as _, Clock, clock::ManualClock};
use tower_auth_oauth1::{Method, NonceSource, OAuth1, Sign, SigningKey};

pub(super) const GROUP: Group = Group::new("oauth1", cases);

const URI: &str = "https://api.example.com/1.1/statuses/update.json";
const CLIENT: (&str, &str) = (
    "xvz1evFS4wEEPTGEFPHBog",
    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
);
const TOKEN: (&str, &str) = (
    "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
);
const NONCE: &str = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pT";
const TIME: u64 = 1_318_622_958;
const FORM: &str = "display_coordinates=false&include_entities=true&lat=37.7821120598956&long=-122.400612831116&\
                    place=%C3%A9%E6%BC%A2&status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21";

const UNORDERED: &str = "status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21&\
                         include_entities=true&lat=37.7821120598956&long=-122.400612831116&\
                         place=%C3%A9%E6%BC%A2&display_coordinates=false";

#[derive(oauth::Request)]
struct Update<'a> {
    display_coordinates: bool,
    include_entities: bool,
    lat: &'a str,
    long: &'a str,
    place: &'a str,
    status: &'a str,
}

const UPDATE: Update<'static> = Update {
    display_coordinates: false,
    include_entities: true,
    lat: "37.7821120598956",
    long: "-122.400612831116",
    place: "é漢",
    status: "Hello Ladies + Gentlemen, a signed OAuth request!",
};

fn cases() -> Result<Vec<Case>, BoxError> {
    Ok(vec![
        Case::new(
            "`OAuth1`, 6 parameters, HMAC-SHA1 / oauth1-request",
            Shown(Calls::new(fixed()?, post), parameters),
            Shown(Calls::new(peer(), post), parameters),
        ),
        Case::new(
            "`OAuth1`, the same with fresh nonce and time / oauth1-request",
            Shown(Calls::new(ours()?, post), names),
            Shown(Calls::new(fresh_peer(), post), names),
        ),
        Case::new(
            "`OAuth1`, the same in no order / oauth1-request",
            Shown(Calls::new(fixed()?, post_unordered), parameters),
            Shown(Calls::new(peer(), post_unordered), parameters),
        ),
        Case::new(
            "`OAuth1`, 6 parameters, HMAC-SHA1 / the HMAC alone",
            Shown(Calls::new(fixed()?, post), signature),
            Floor::new()?,
        ),
    ])
}

fn post() -> Request<Body> {
    Request::post(URI)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(FORM))
        .expect("a constant request")
}

/// The peer is given its parameters in order, whatever the form looks like.
fn post_unordered() -> Request<Body> {
    let mut request = post();
    *request.body_mut() = Body::from(UNORDERED);
    request
}

fn ours() -> Result<OAuth1, BoxError> {
    let oauth = OAuth1::new(CLIENT.0, CLIENT.1)?.token(TOKEN.0, TOKEN.1);
    Ok(oauth.without_version()) // as the peer
}

fn fixed() -> Result<OAuth1, BoxError> {
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(TIME));
    Ok(ours()?.clock(Clock::new(clock)).nonces(Fixed))
}

#[derive(Debug)]
struct Fixed;

impl NonceSource for Fixed {
    fn nonce(&self) -> String {
        NONCE.to_owned()
    }
}

fn token() -> oauth::Token<&'static str> {
    oauth::Token::from_parts(CLIENT.0, CLIENT.1, TOKEN.0, TOKEN.1)
}

fn peer<B>() -> InsertLayer<impl Fn(&mut Request<B>) + Clone> {
    InsertLayer(|request: &mut Request<B>| {
        let token = token();
        let mut builder = oauth::Builder::new(token.client, oauth::HMAC_SHA1);
        builder.token(token.token);
        builder.nonce(NONCE).timestamp(NonZeroU64::new(TIME));
        insert(request, builder.post(URI, &UPDATE));
    })
}

fn fresh_peer<B>() -> InsertLayer<impl Fn(&mut Request<B>) + Clone> {
    InsertLayer(|request: &mut Request<B>| {
        let token = token();
        let mut builder = oauth::Builder::new(token.client, oauth::HMAC_SHA1);
        builder.token(token.token);
        insert(request, builder.post(URI, &UPDATE));
    })
}

fn insert<B>(request: &mut Request<B>, value: String) {
    let mut value = HeaderValue::try_from(value).expect("escaped");
    value.set_sensitive(true);
    request.headers_mut().insert(header::AUTHORIZATION, value);
}

/// A subject of whose outcome only a part can be compared.
struct Shown<S>(S, fn(&str) -> String);

impl<S: Subject> Subject for Shown<S> {
    fn prepare(&mut self, calls: usize) {
        self.0.prepare(calls);
    }

    fn run(&mut self) {
        self.0.run();
    }

    fn outcome(&self) -> String {
        (self.1)(&self.0.outcome())
    }
}

/// The parameters of the header, in alphabetic order: a server does not mind the order.
fn parameters(outcome: &str) -> String {
    let list = outcome.split_once("OAuth ").map_or("", |(_, list)| list);
    let list = list.lines().next().unwrap_or("").replace('\\', "");
    let mut parameters: Vec<_> = list.split(',').map(str::trim).collect();
    parameters.sort_unstable();
    parameters.join("\n")
}

fn names(outcome: &str) -> String {
    let parameters = parameters(outcome);
    let names = parameters
        .lines()
        .filter_map(|parameter| parameter.split('=').next());
    names.collect::<Vec<_>>().join("\n")
}

fn signature(outcome: &str) -> String {
    let parameters = parameters(outcome);
    let found = parameters
        .lines()
        .find_map(|parameter| parameter.strip_prefix("oauth_signature="));
    let signature = found.unwrap_or("").trim_matches('"');
    signature
        .replace("%2F", "/")
        .replace("%2B", "+")
        .replace("%3D", "=")
}

/// HMAC-SHA1 of the base string, the key already taken in.
struct Floor {
    keyed: Hmac<Sha1>,
    base_string: Vec<u8>,
    calls: usize,
    last: Vec<u8>,
}

impl Floor {
    fn new() -> Result<Self, BoxError> {
        let seen = Capture::default();
        let oauth = fixed()?.method(Method::custom(seen.clone()));
        oauth.authorize((), &mut post())?;
        let base_string = seen
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let key = format!("{}&{}", CLIENT.1, TOKEN.1);
        Ok(Self {
            keyed: Hmac::new_from_slice(key.as_bytes())?,
            base_string,
            calls: 0,
            last: Vec::new(),
        })
    }

    fn mac(&self) -> impl AsRef<[u8]> + use<> {
        let mut mac = black_box(&self.keyed).clone();
        mac.update(black_box(&self.base_string));
        mac.finalize().into_bytes()
    }
}

impl Subject for Floor {
    fn prepare(&mut self, calls: usize) {
        self.calls = calls;
        self.last = self.mac().as_ref().to_vec();
    }

    fn run(&mut self) {
        for _ in 0..self.calls {
            black_box(self.mac());
        }
    }

    fn outcome(&self) -> String {
        STANDARD.encode(&self.last)
    }
}

impl fmt::Debug for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Floor").finish_non_exhaustive()
    }
}

/// Remembers a base string. Its name is that of the method whose place it takes.
#[derive(Clone, Debug, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Sign for Capture {
    fn name(&self) -> &str {
        "HMAC-SHA1"
    }

    fn sign(&self, base_string: &[u8], _: SigningKey<'_>) -> Result<String, BoxError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = base_string.to_vec();
        Ok(String::new())
    }
}
