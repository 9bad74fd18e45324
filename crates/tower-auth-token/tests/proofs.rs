//! A placement of another crate than core, in the manner of DPoP (RFC 9449): it signs each request with the key that the
//! token is bound to, and learns a nonce from every response.

mod support;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use std::{
    collections::HashSet,
    convert::Infallible,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use support::{Body, get};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_auth_core::{
    AuthError, BoxScheme, Claim, ErrorKind, HeaderApiKey, Observe, Origin, QueryApiKey,
    ResponseHead, SchemeExt, Schemes, Verdict,
    bearer::{Issued, Placement, Put},
    insert_header,
    replay::Cloned,
    sensitive_header,
    sum::FinisherSlot,
};
use tower_auth_token::{AccessToken, Fetched, TokenAuth};

static DPOP: HeaderName = HeaderName::from_static("dpop");
static NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Not a signature, but what can be checked like one.
fn mac(key: u64, text: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one((key, text))
}

// ===== the placement =====

/// The key that a token is bound to.
#[derive(Clone)]
struct ProofKey(u64);

/// `Authorization: DPoP <token>`, and a proof in a header of its own.
#[derive(Clone, Debug, Default)]
struct Proof(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    nonces: Mutex<Vec<(Origin, Arc<str>)>>,
    proofs: AtomicUsize,
}

impl Shared {
    fn nonce(&self, origin: &Origin) -> Option<Arc<str>> {
        let nonces = self.nonces.lock().unwrap();
        let known = nonces.iter().find(|(known, _)| known == origin);
        known.map(|(_, nonce)| Arc::clone(nonce))
    }

    fn learn(&self, origin: &Origin, nonce: &str) {
        let mut nonces = self.nonces.lock().unwrap();
        nonces.retain(|(known, _)| known != origin);
        nonces.push((origin.clone(), nonce.into()));
    }
}

/// What is the same for every request: the header, the hash of the token, and its key.
#[derive(Clone)]
struct Bound {
    authorization: HeaderValue,
    hash: u64,
    key: ProofKey,
}

/// The nonce that a request went out with, and where to put the one that comes back.
struct SentProof {
    shared: Arc<Shared>,
    origin: Origin,
    nonce: Option<Arc<str>>,
}

impl Placement for Proof {
    type Slot = FinisherSlot;
    type Placed = Bound;
    type Sent = SentProof;

    fn place(&self, token: Issued<'_>) -> Result<Bound, AuthError> {
        let is_bound = token
            .token_type()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("dpop"));
        let key = token.get::<ProofKey>().filter(|_| is_bound);
        let key = key.ok_or_else(|| AuthError::configuration("token", "is bound to no key"))?;
        Ok(Bound {
            authorization: sensitive_header("token", format!("DPoP {}", token.text()).into())?,
            hash: mac(0, token.text()),
            key: key.clone(),
        })
    }

    fn is_same(&self, sent: &SentProof, _: &Bound) -> bool {
        self.0.nonce(&sent.origin) == sent.nonce
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&header::AUTHORIZATION));
        visit(Claim::Header(&DPOP));
    }
}

impl<B> Put<B> for Proof {
    fn put(&self, bound: &Bound, request: &mut Request<B>) -> Result<SentProof, AuthError> {
        let origin = Origin::of(request.uri())?;
        let nonce = self.0.nonce(&origin);
        let proof = format!(
            "{} {} {} {} {}",
            self.0.proofs.fetch_add(1, SeqCst), // `jti`
            request.method(),
            request.uri(),
            bound.hash,
            nonce.as_deref().unwrap_or("-"),
        );
        let proof = format!("{proof} {}", mac(bound.key.0, &proof));
        let headers = request.headers_mut();
        insert_header(headers, header::AUTHORIZATION, bound.authorization.clone())?;
        insert_header(headers, DPOP.clone(), proof.parse().unwrap())?;
        let shared = Arc::clone(&self.0);
        Ok(SentProof {
            shared,
            origin,
            nonce,
        })
    }
}

impl Observe for SentProof {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        if let Some(nonce) = response
            .headers
            .get(&NONCE)
            .and_then(|nonce| nonce.to_str().ok())
        {
            self.shared.learn(&self.origin, nonce);
        }
        if response.is_unauthorized() && demands_nonce(response.headers) {
            Verdict::Refused
        } else {
            Verdict::Accepted
        }
    }
}

fn demands_nonce(headers: &HeaderMap) -> bool {
    let challenge = headers.get(header::WWW_AUTHENTICATE);
    challenge.is_some_and(|value| value.as_bytes().ends_with(b"error=\"use_dpop_nonce\""))
}

// ===== tokens that bring their keys =====

#[derive(Clone)]
struct BoundToken {
    text: String,
    token_type: &'static str,
    extensions: Extensions,
}

impl AccessToken for BoundToken {
    fn issued(&self) -> Issued<'_> {
        Issued::new(&self.text)
            .with_token_type(self.token_type)
            .with_extensions(&self.extensions)
    }
}

impl PartialEq for BoundToken {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

// ===== the servers =====

/// How the resource server treats nonces.
#[derive(Clone, Copy)]
enum Nonces {
    /// Another one with every response, and only the last one is good.
    Rotate,
    /// Demands one, and never says which.
    Keep,
}

struct World {
    nonces: Nonces,
    fetches: AtomicUsize,
    requests: AtomicUsize,
    revoked: AtomicUsize,
    nonce: AtomicUsize,
    seen: Mutex<HashSet<String>>,
}

/// The key of the token with this number: each has its own.
fn key(number: usize) -> u64 {
    0xdeb0_0000 + number as u64
}

impl World {
    fn new(nonces: Nonces) -> Arc<Self> {
        Arc::new(Self {
            nonces,
            fetches: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            revoked: AtomicUsize::new(0),
            nonce: AtomicUsize::new(1),
            seen: Mutex::default(),
        })
    }

    fn auth(
        self: &Arc<Self>,
    ) -> TokenAuth<impl tower_auth_token::Source<Value = BoundToken>, Proof> {
        let world = Arc::clone(self);
        let source = move || {
            let number = world.fetches.fetch_add(1, SeqCst) + 1;
            async move {
                let mut extensions = Extensions::new();
                extensions.insert(ProofKey(key(number)));
                let token = BoundToken {
                    text: format!("t{number}"),
                    token_type: "DPoP",
                    extensions,
                };
                Ok::<_, AuthError>(Fetched::new(token).lifetime(Duration::from_secs(3600)))
            }
        };
        TokenAuth::new(source, Proof::default())
    }

    fn server(
        self: &Arc<Self>,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone
    {
        let world = Arc::clone(self);
        service_fn(move |request: Request<Body>| {
            let mut response = Response::new(Body::default());
            world.requests.fetch_add(1, SeqCst);
            if let Err(error) = world.check(&request) {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let challenge = format!("DPoP error=\"{error}\"").parse().unwrap();
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, challenge);
            }
            if let Nonces::Rotate = world.nonces {
                let nonce = format!("n{}", world.nonce.fetch_add(1, SeqCst) + 1);
                response
                    .headers_mut()
                    .insert(NONCE.clone(), nonce.parse().unwrap());
            }
            async move { Ok(response) }
        })
    }

    fn check(&self, request: &Request<Body>) -> Result<(), &'static str> {
        let text = |name| request.headers().get(name)?.to_str().ok();
        let token = text("authorization").and_then(|value| value.strip_prefix("DPoP t"));
        let number: usize = token
            .and_then(|number| number.parse().ok())
            .ok_or("invalid_token")?;
        let (proof, signature) = text("dpop")
            .and_then(|proof| proof.rsplit_once(' '))
            .unwrap();
        let words: Vec<_> = proof.split(' ').collect();
        let is_good = signature == mac(key(number), proof).to_string()
            && words[1] == request.method().as_str()
            && *words[2] == *request.uri().to_string()
            && words[3] == mac(0, &format!("t{number}")).to_string()
            && self.seen.lock().unwrap().insert(words[0].to_owned());
        if !is_good {
            return Err("invalid_dpop_proof");
        }
        if words[4] != format!("n{}", self.nonce.load(SeqCst)) {
            return Err("use_dpop_nonce");
        }
        if number <= self.revoked.load(SeqCst) {
            return Err("invalid_token");
        }
        Ok(())
    }

    fn fetches(&self) -> usize {
        self.fetches.load(SeqCst)
    }

    fn requests(&self) -> usize {
        self.requests.load(SeqCst)
    }
}

#[tokio::test]
async fn a_nonce_that_is_demanded_costs_one_replay_and_no_fetch() {
    let world = World::new(Nonces::Rotate);
    let client = world.auth().replay(Cloned).layer(world.server());
    let response = client.clone().oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!((world.requests(), world.fetches()), (2, 1));
    // The server lost its nonces: once more, with the token that is there.
    world.nonce.fetch_add(100, SeqCst);
    let response = client.oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!((world.requests(), world.fetches()), (4, 1));
}

#[tokio::test]
async fn the_nonce_of_a_success_is_used_for_the_next_request() {
    let world = World::new(Nonces::Rotate);
    let mut client = world.auth().replay(Cloned).layer(world.server());
    for served in 0..10 {
        let response = client.ready().await.unwrap().call(get("https://h/")).await;
        assert_eq!(response.unwrap().status(), StatusCode::OK);
        assert_eq!(world.requests(), served + 2); // only the first one was asked for a nonce
    }
    assert_eq!(world.fetches(), 1);
    assert_eq!(world.seen.lock().unwrap().len(), 11); // every proof was another one
}

#[tokio::test]
async fn without_a_replay_the_caller_gets_the_demand_and_the_next_request_has_the_nonce() {
    let world = World::new(Nonces::Rotate);
    let client = world.auth().layer(world.server());
    let response = client.clone().oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let response = client.oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!((world.requests(), world.fetches()), (2, 1));
}

#[tokio::test]
async fn a_server_that_demands_a_nonce_and_gives_none_is_asked_once() {
    let world = World::new(Nonces::Keep);
    let client = world.auth().replay(Cloned).layer(world.server());
    for asked in 1..5 {
        let response = client.clone().oneshot(get("https://h/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!((world.requests(), world.fetches()), (asked, 1));
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_fetched_again_and_goes_out_with_the_nonce_of_the_refusal() {
    let world = World::new(Nonces::Rotate);
    let client = world.auth().replay(Cloned).layer(world.server());
    client.clone().oneshot(get("https://h/")).await.unwrap();
    world.revoked.store(1, SeqCst);
    let response = client.clone().oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!((world.requests(), world.fetches()), (4, 2));
    // Both at once: the nonce takes the one replay, and the refusal of the token is for the next request.
    world.revoked.store(2, SeqCst);
    world.nonce.fetch_add(100, SeqCst);
    let response = client.clone().oneshot(get("https://h/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!((world.requests(), world.fetches()), (6, 2));
}

#[tokio::test]
async fn in_sums_the_proof_covers_what_the_keys_wrote() {
    let key = || HeaderApiKey::new("key").unwrap();
    let query = || QueryApiKey::new("q").unwrap();
    let world = World::new(Nonces::Rotate);
    let sum = (world.auth() + key() + query()).replay(Cloned);
    let response = sum.layer(world.server()).oneshot(get("https://h/p?a=1"));
    assert_eq!(response.await.unwrap().status(), StatusCode::OK);
    assert_eq!((world.requests(), world.fetches()), (2, 1));

    let world = World::new(Nonces::Rotate);
    let schemes = Schemes::new([
        BoxScheme::new(world.auth()),
        BoxScheme::new(key()),
        BoxScheme::new(query()),
    ]);
    let mut client = schemes.unwrap().replay(Cloned).layer(world.server());
    for served in 0..3 {
        let request = get("https://h/p?a=1");
        let response = client.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!((world.requests(), world.fetches()), (served + 2, 1));
    }
}

#[tokio::test]
async fn each_server_has_a_nonce_of_its_own() {
    let (one, two) = (World::new(Nonces::Rotate), World::new(Nonces::Rotate));
    let (first, second) = (one.server(), two.server());
    let both = service_fn(move |request: Request<Body>| {
        let is_first = request.uri().host() == Some("one");
        let (first, second) = (first.clone(), second.clone());
        async move {
            if is_first {
                first.oneshot(request).await
            } else {
                second.oneshot(request).await
            }
        }
    });
    let client = one.auth().replay(Cloned).layer(both);
    for _ in 0..3 {
        for uri in ["https://one/", "https://two/"] {
            let response = client.clone().oneshot(get(uri)).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
        }
    }
    assert_eq!((one.requests(), two.requests(), one.fetches()), (4, 4, 1));
}

#[tokio::test]
async fn a_token_that_the_placement_cannot_use_is_an_error_of_the_credentials() {
    let auth = TokenAuth::new(
        async || Ok::<_, AuthError>(Fetched::new(tower_auth_token::Token::from("plain"))),
        Proof::default(),
    );
    let world = World::new(Nonces::Keep);
    let client = auth.layer(world.server());
    let error = client.oneshot(get("https://h/")).await.unwrap_err();
    let error = error.auth().unwrap();
    assert_eq!(error.kind(), ErrorKind::Credentials);
}
