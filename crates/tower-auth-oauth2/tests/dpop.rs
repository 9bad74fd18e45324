//! Tokens that are bound to a key, at servers that verify every proof (RFC 9449).
#![cfg(feature = "dpop")]

mod support;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, UNIX_EPOCH},
};
use tower::{Layer as _, Service, ServiceExt as _};
use tower_auth_core::{Clock, HeaderApiKey, SchemeExt as _, clock::ManualClock, replay::Cloned};
use tower_auth_jose::{Jwk, Verifier, base64url};
use tower_auth_oauth2::{
    Algorithm, Body, Dpop, Grant, HttpClient, OAuth2, OAuth2Builder, SigningKey, TokenError,
    TokenErrorKind,
};

const NOW: u64 = 1_700_000_000;
const URL: &str = "https://as.example/token?tenant=1";

/// An authorization server and a resource server.
#[derive(Clone, Default)]
struct World(Arc<State>);

#[derive(Default)]
struct State {
    /// Nonces are demanded, and another one comes with every answer.
    nonces: AtomicBool,
    /// The last one of each.
    as_nonce: AtomicU32,
    rs_nonce: AtomicU32,
    issued: AtomicU32,
    revoked: AtomicU32,
    token_requests: AtomicU32,
    api_requests: AtomicU32,
    bearer: AtomicBool,
    seen: Mutex<HashSet<String>>,
    /// The thumbprint of the key that a token, or a refresh token, is bound to.
    bound: Mutex<HashMap<String, String>>,
    thumbprints: Mutex<HashSet<String>>,
}

impl State {
    /// Verifies a proof, and tells the thumbprint of its key; `Err` is the error code.
    fn check<B>(
        &self,
        request: &Request<B>,
        token: Option<&str>,
        nonces: &str,
    ) -> Result<String, &'static str> {
        let mut proofs = request.headers().get_all("dpop").iter();
        let proof = proofs.next().ok_or("invalid_dpop_proof")?;
        assert!(proofs.next().is_none());
        let proof = proof.to_str().unwrap();
        let header = proof.split('.').next().unwrap();
        let header: Value = serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap();
        assert_eq!(header["typ"], "dpop+jwt");
        let jwk = Jwk::parse(&header["jwk"].to_string()).unwrap();
        assert!(!jwk.is_private());
        let thumbprint = jwk.thumbprint();
        let verifier = Verifier::new([Algorithm::Es256, Algorithm::EdDsa]).keys([jwk]);
        let claims = verifier.verify(proof).unwrap().claims().unwrap();
        let uri = request.uri();
        let target = format!("https://{}{}", uri.host().unwrap(), uri.path());
        assert_eq!(claims.text("htm"), Some(request.method().as_str()));
        assert_eq!(claims.text("htu"), Some(&*target));
        let iat = claims.get("iat").and_then(Value::as_u64).unwrap();
        assert!((NOW..NOW + 1_000_000).contains(&iat));
        let hash = token.map(|token| base64url::encode(Sha256::digest(token)));
        assert_eq!(claims.text("ath"), hash.as_deref());
        let id = claims.text("jti").unwrap().to_owned();
        assert!(self.seen.lock().unwrap().insert(id), "a jti is used twice");
        self.thumbprints.lock().unwrap().insert(thumbprint.clone());
        let wanted = format!("{nonces}-{}", self.nonce(nonces).load(SeqCst));
        if self.nonces.load(SeqCst) && claims.text("nonce") != Some(&wanted) {
            return Err("use_dpop_nonce");
        }
        Ok(thumbprint)
    }

    /// Whether a token is bound to another key than this one.
    fn is_of_another(&self, token: &str, thumbprint: &str) -> bool {
        let bound = self.bound.lock().unwrap();
        bound.get(token).is_some_and(|own| own != thumbprint)
    }

    fn nonce(&self, of: &str) -> &AtomicU32 {
        if of == "as" {
            &self.as_nonce
        } else {
            &self.rs_nonce
        }
    }

    fn respond(&self, status: u16, body: String, nonces: &str) -> Response<Full<Bytes>> {
        let mut response = Response::builder().status(status);
        if self.nonces.load(SeqCst) {
            let next = self.nonce(nonces).fetch_add(1, SeqCst) + 1;
            response = response.header("dpop-nonce", format!("{nonces}-{next}"));
        }
        response.body(Full::from(body)).unwrap()
    }

    fn token(&self, request: &Request<()>, form: &str) -> Response<Full<Bytes>> {
        self.token_requests.fetch_add(1, SeqCst);
        let refused = |code: &str| self.respond(400, format!(r#"{{"error":"{code}"}}"#), "as");
        let thumbprint = match self.check(request, None, "as") {
            Ok(thumbprint) => thumbprint,
            Err(code) => return refused(code),
        };
        let mut fields = form.split('&').filter_map(|field| field.split_once('='));
        let refresh = fields.find(|field| field.0 == "refresh_token");
        if refresh.is_some_and(|(_, token)| self.is_of_another(token, &thumbprint)) {
            return refused("invalid_grant");
        }
        let number = self.issued.fetch_add(1, SeqCst) + 1;
        let kind = if self.bearer.load(SeqCst) {
            "Bearer"
        } else {
            "dpop"
        };
        for token in [format!("t{number}"), format!("r{number}")] {
            let mut bound = self.bound.lock().unwrap();
            bound.insert(token, thumbprint.clone());
        }
        let body = format!(
            r#"{{"access_token":"t{number}","token_type":"{kind}","expires_in":3600,"refresh_token":"r{number}"}}"#
        );
        self.respond(200, body, "as")
    }

    fn api(&self, request: &Request<Full<Bytes>>) -> Response<Full<Bytes>> {
        self.api_requests.fetch_add(1, SeqCst);
        let value = request.headers()["authorization"].to_str().unwrap();
        let token = value.strip_prefix("DPoP ").expect("a bound token");
        let refused = |code: &str| {
            let mut response = self.respond(401, String::new(), "rs");
            let challenge = format!("DPoP error=\"{code}\", algs=\"ES256\"");
            let headers = response.headers_mut();
            headers.insert("www-authenticate", challenge.parse().unwrap());
            response
        };
        let thumbprint = match self.check(request, Some(token), "rs") {
            Ok(thumbprint) => thumbprint,
            Err(code) => return refused(code),
        };
        if self.is_of_another(token, &thumbprint) {
            return refused("invalid_token");
        }
        if token[1..].parse::<u32>().unwrap() <= self.revoked.load(SeqCst) {
            return refused("invalid_token");
        }
        self.respond(200, token.to_owned(), "rs")
    }
}

impl World {
    fn http(&self) -> HttpClient {
        let state = Arc::clone(&self.0);
        HttpClient::new(tower::service_fn(move |request: Request<Body>| {
            let state = Arc::clone(&state);
            async move {
                let (parts, body) = request.into_parts();
                let form = body.collect().await.unwrap().to_bytes();
                let request = Request::from_parts(parts, ());
                Ok::<_, Infallible>(state.token(&request, std::str::from_utf8(&form).unwrap()))
            }
        }))
    }

    fn api(
        &self,
    ) -> impl Service<
        Request<Full<Bytes>>,
        Response = Response<Full<Bytes>>,
        Error = Infallible,
        Future: Send,
    > + Clone {
        let state = Arc::clone(&self.0);
        tower::service_fn(move |request: Request<Full<Bytes>>| {
            let state = Arc::clone(&state);
            async move { Ok(state.api(&request)) }
        })
    }

    fn build<G: Grant>(&self, builder: OAuth2Builder<G>) -> (OAuth2<Dpop>, ManualClock) {
        let hands = ManualClock::at(UNIX_EPOCH + Duration::from_secs(NOW));
        let auth = builder
            .dpop(SigningKey::generate(Algorithm::Es256).unwrap())
            .clock(Clock::new(hands.clone()))
            .http_client(self.http())
            .build()
            .unwrap();
        (auth, hands)
    }

    fn counts(&self) -> (u32, u32) {
        let state = &self.0;
        (
            state.token_requests.load(SeqCst),
            state.api_requests.load(SeqCst),
        )
    }
}

fn credentials() -> OAuth2Builder<tower_auth_oauth2::ClientCredentials> {
    OAuth2::client_credentials(URL, "id", "secret")
}

async fn get<S>(client: &S) -> (StatusCode, String)
where
    S: Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>> + Clone,
    S::Error: std::fmt::Debug,
{
    let request = Request::get("https://api.example/orders?page=2").body(Full::default());
    let response = client.clone().oneshot(request.unwrap()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn every_request_carries_a_proof_of_its_own() {
    let world = World::default();
    let (auth, _) = world.build(credentials());
    let auth = auth + HeaderApiKey::new("key").unwrap();
    let client = auth.replay(Cloned).layer(world.api());
    for _ in 0..5 {
        assert_eq!(get(&client).await, (StatusCode::OK, "t1".to_owned()));
    }
    assert_eq!(world.counts(), (1, 5));
    assert_eq!(world.0.thumbprints.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn both_servers_get_the_nonce_that_they_demand_and_the_token_stays() {
    let world = World::default();
    world.0.nonces.store(true, SeqCst);
    let (auth, _) = world.build(credentials());
    let client = auth.replay(Cloned).layer(world.api());
    assert_eq!(get(&client).await, (StatusCode::OK, "t1".to_owned()));
    // Once more each: to learn the nonce.
    assert_eq!(world.counts(), (2, 2));
    // The next one is learned from every answer.
    assert_eq!(get(&client).await.0, StatusCode::OK);
    assert_eq!(world.counts(), (2, 3));
}

#[tokio::test]
async fn a_server_that_demands_nonces_for_ever_gets_two_requests() {
    let refusing = HttpClient::new(tower::service_fn({
        let count = Arc::new(AtomicU32::new(0));
        move |_: Request<Body>| {
            let number = count.fetch_add(1, SeqCst);
            assert!(number < 2);
            let response = Response::builder()
                .status(400)
                .header("dpop-nonce", format!("n{number}"))
                .body(Full::<Bytes>::from(r#"{"error":"use_dpop_nonce"}"#));
            async move { Ok::<_, Infallible>(response.unwrap()) }
        }
    }));
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let auth = credentials().dpop(key).http_client(refusing).build();
    let error = auth.unwrap().token().await.unwrap_err();
    let cause = TokenError::of(&error).unwrap();
    assert_eq!(cause.code().unwrap().name(), "use_dpop_nonce");
}

#[tokio::test]
async fn a_token_that_was_revoked_is_replaced_and_a_refresh_is_bound_to_the_same_key() {
    let world = World::default();
    world.0.nonces.store(true, SeqCst);
    let (auth, hands) = world.build(OAuth2::refresh_token(URL, "id", "r0"));
    let client = auth.replay(Cloned).layer(world.api());
    assert_eq!(get(&client).await.1, "t1");
    world.0.revoked.store(1, SeqCst);
    assert_eq!(get(&client).await, (StatusCode::OK, "t2".to_owned()));
    hands.advance(Duration::from_secs(4000));
    assert_eq!(get(&client).await.1, "t3");
    assert_eq!(world.0.thumbprints.lock().unwrap().len(), 1);
    // Once more than there are tokens, for the first nonce; each of the others came with the answer before.
    assert_eq!(world.counts().0, 4);
}

#[tokio::test]
async fn a_bearer_token_in_the_place_of_a_bound_one_is_refused() {
    let world = World::default();
    world.0.bearer.store(true, SeqCst);
    let (auth, _) = world.build(credentials());
    let error = auth.token().await.unwrap_err();
    let cause = TokenError::of(&error).unwrap();
    assert_eq!(cause.kind(), TokenErrorKind::TokenType);
    assert_eq!(cause.token_type(), Some("Bearer"));
}

#[tokio::test]
async fn a_stored_token_is_found_by_its_key_and_by_no_other() {
    let world = World::default();
    let store = tower_auth_token::store::MemoryStore::new();
    let mine = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let other = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let hands = ManualClock::at(UNIX_EPOCH + Duration::from_secs(NOW));
    let builder = || {
        let builder = credentials().clock(Clock::new(hands.clone()));
        builder.http_client(world.http()).store(store.clone())
    };
    let token = async |key: &SigningKey| {
        let auth = builder().dpop(key.clone()).build().unwrap();
        auth.token().await.unwrap().expose().to_owned()
    };
    assert_eq!(token(&mine).await, "t1");
    assert_eq!(token(&mine).await, "t1");
    assert_eq!(token(&other).await, "t2");
    let shared = builder().httpx_auth_store_key().dpop(mine).build();
    assert_eq!(shared.unwrap_err().parameter(), Some("store_key"));
}

#[cfg(feature = "browser")]
#[test]
fn a_login_does_not_share_bound_tokens_with_those_who_know_bearer_tokens_only() {
    let builder = OAuth2::authorization_code("https://as.example/authorize", URL, "id")
        .http_client(World::default().http())
        .store(tower_auth_token::store::MemoryStore::new())
        .httpx_auth_store_key();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let error = builder.dpop(key).build().unwrap_err();
    assert_eq!(error.parameter(), Some("store_key"));
}

/// What a process starts with, and what it finds in the file of the one before.
#[cfg(feature = "file")]
fn process(
    world: &World,
    hands: &ManualClock,
    path: &std::path::Path,
    bind: impl FnOnce(
        OAuth2Builder<tower_auth_oauth2::RefreshToken>,
    ) -> OAuth2Builder<tower_auth_oauth2::RefreshToken, Dpop>,
) -> OAuth2<Dpop> {
    let builder = OAuth2::refresh_token(URL, "id", "r0")
        .clock(Clock::new(hands.clone()))
        .http_client(world.http())
        .store(tower_auth_token::store::FileStore::new(path))
        .store_key("session");
    bind(builder).build().unwrap()
}

#[cfg(feature = "file")]
#[tokio::test]
async fn a_program_that_is_started_again_goes_on_with_the_key_that_its_refresh_token_is_bound_to() {
    let world = World::default();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let hands = ManualClock::at(UNIX_EPOCH + Duration::from_secs(NOW));
    let start = || process(&world, &hands, &path, |it| it.dpop_kept(Algorithm::Es256));
    let first = start().replay(Cloned).layer(world.api());
    assert_eq!(get(&first).await, (StatusCode::OK, "t1".to_owned()));
    // The token is still good, and found with its key.
    let second = start().replay(Cloned).layer(world.api());
    assert_eq!(get(&second).await, (StatusCode::OK, "t1".to_owned()));
    // It is over: the refresh token is used, which is bound to that key.
    for number in 2..5 {
        hands.advance(Duration::from_secs(4000));
        let next = start().replay(Cloned).layer(world.api());
        assert_eq!(get(&next).await, (StatusCode::OK, format!("t{number}")));
    }
    assert_eq!(world.0.thumbprints.lock().unwrap().len(), 1);
    assert_eq!(world.counts(), (4, 5));
    // The server of this test does look at the key.
    hands.advance(Duration::from_secs(4000));
    let other = process(&world, &hands, &path, |it| {
        it.dpop(SigningKey::generate(Algorithm::Es256).unwrap())
    });
    let error = other.token().await.unwrap_err();
    let code = TokenError::of(&error).and_then(TokenError::code).unwrap();
    assert_eq!(code.name(), "invalid_grant");
}

#[tokio::test]
async fn a_kept_key_that_is_lost_or_broken_costs_another_token_and_no_more() {
    use tower_auth_token::{ProofKey, store::Store as _};
    for broken in [
        None,
        Some(ProofKey::new("{}")),
        Some(ProofKey::new(r#"{"kty":"oct","k":"AA"}"#)),
    ] {
        let world = World::default();
        let store = tower_auth_token::store::MemoryStore::new();
        let hands = ManualClock::at(UNIX_EPOCH + Duration::from_secs(NOW));
        let start = || {
            let builder = credentials().clock(Clock::new(hands.clone()));
            let builder = builder.http_client(world.http()).store(store.clone());
            builder
                .store_key("k")
                .dpop_kept(Algorithm::EdDsa)
                .build()
                .unwrap()
        };
        assert_eq!(start().token().await.unwrap().expose(), "t1");
        let stored = store.load("k").await.unwrap().unwrap();
        assert!(!format!("{stored:?}").contains("\"d\""));
        store
            .save("k", &stored.with_proof_key(broken))
            .await
            .unwrap();
        let client = start().replay(Cloned).layer(world.api());
        assert_eq!(get(&client).await.0, StatusCode::OK);
        assert_eq!(get(&client).await.0, StatusCode::OK);
        assert!(world.counts().0 <= 3, "{:?}", world.counts());
    }
}

#[test]
fn a_kept_key_is_made_for_algorithms_that_are_quick_to_make_and_prove_something() {
    let (http, _) = support::answering(&[(200, r#"{"access_token":"a"}"#)]);
    for algorithm in [Algorithm::Hs256, Algorithm::Rs256] {
        let auth = credentials().dpop_kept(algorithm).http_client(http.clone());
        assert_eq!(auth.build().unwrap_err().parameter(), Some("dpop"));
    }
}

#[test]
fn a_shared_secret_proves_nothing_and_the_last_placement_counts() {
    let secret = SigningKey::from_secret(Algorithm::Hs256, "s".repeat(32)).unwrap();
    let (http, _) = support::answering(&[(200, r#"{"access_token":"a"}"#)]);
    let refused = credentials().dpop(secret).http_client(http.clone()).build();
    assert_eq!(refused.unwrap_err().parameter(), Some("dpop"));
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let bearer = credentials().dpop(key).token_in_query("t");
    let auth = bearer.http_client(http).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let token = runtime.unwrap().block_on(auth.token());
    assert_eq!(token.unwrap().expose(), "a");
}

#[cfg(feature = "jwt")]
#[tokio::test]
async fn a_client_that_signs_may_be_asked_for_a_nonce_too() {
    let world = World::default();
    world.0.nonces.store(true, SeqCst);
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let auth = tower_auth_oauth2::ClientAuth::private_key_jwt("id", key).unwrap();
    let (auth, _) = world.build(OAuth2::client_credentials_as(URL, auth));
    assert_eq!(auth.token().await.unwrap().expose(), "t1");
    assert_eq!(world.counts().0, 2);
}
