//! What `interop/oauthlib/run` sends to its provider: `interop-oauth1 ORIGIN KEY.pem`.
//!
//! The three legs with every signature method in every placement, then requests of all shapes; then what has to be
//! refused. The exit code is 0 only when each answer is as expected.

use bytes::Bytes;
use examples::BoxError;
use http::{HeaderValue, Method as Verb, Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::time::Duration;
use tower::{Layer, ServiceExt};
use tower_auth::{
    AuthError, Clock, SchemeExt,
    clock::ManualClock,
    oauth1::{
        Callback, HttpClient, InMemory, LegError, LegErrorKind, Method, NonceSource, OAuth1,
        PlaceSignature, RsaKey, ThreeLegs, TokenCredentials, Verifier,
    },
};

type Body = Full<Bytes>;
type Http = Client<HttpConnector, Body>;

const CLIENT: &str = "client-key-of-the-interop-test";
const SECRET: &str = "client secret: é & /+=";
/// A client whose secret needs no escapes: outside of the header, oauthlib unescapes PLAINTEXT once too often.
const PLAIN_CLIENT: &str = "another-key-of-the-interop-test";
const PLAIN_SECRET: &str = "plain-secret";
const FORM: &str = "application/x-www-form-urlencoded";

struct Peer {
    http: Http,
    client: HttpClient,
    origin: String,
    checks: usize,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let (Some(origin), Some(key)) = (arguments.next(), arguments.next()) else {
        return Err("usage: interop-oauth1 ORIGIN KEY.pem".into());
    };
    let key = RsaKey::from_pem(&std::fs::read_to_string(key)?)?;
    let mut peer = Peer {
        http: Client::builder(TokioExecutor::new()).build_http(),
        client: HttpClient::default(),
        origin,
        checks: 0,
    };
    for method in [
        Method::HMAC_SHA1,
        Method::HMAC_SHA256,
        Method::HMAC_SHA512,
        Method::rsa_sha1(&key),
        Method::rsa_sha256(&key),
        Method::rsa_sha512(&key),
    ] {
        let oauth = OAuth1::new(CLIENT, SECRET)?.method(method);
        peer.accepted(oauth.clone().in_query()).await?;
        peer.accepted(oauth.clone().in_body()).await?;
        peer.accepted(oauth).await?;
    }
    let plaintext =
        |client, secret| Ok::<_, AuthError>(OAuth1::new(client, secret)?.method(Method::PLAINTEXT));
    peer.accepted(plaintext(PLAIN_CLIENT, PLAIN_SECRET)?.in_query())
        .await?;
    peer.accepted(plaintext(PLAIN_CLIENT, PLAIN_SECRET)?.in_body())
        .await?;
    peer.accepted(plaintext(CLIENT, SECRET)?).await?;
    peer.refused().await?;
    println!("{} checks passed", peer.checks);
    Ok(())
}

impl Peer {
    fn expect(&mut self, what: &str, fine: bool) -> Result<(), BoxError> {
        self.checks += 1;
        fine.then_some(()).ok_or_else(|| what.into())
    }

    fn legs<P: Clone>(&self, oauth: OAuth1<P, InMemory>) -> Result<ThreeLegs<P>, BoxError> {
        let at = |path| format!("{}/{path}", self.origin);
        let legs = ThreeLegs::new(oauth).http_client(self.client.clone());
        Ok(legs.endpoints(at("initiate"), at("authorize"), at("token"))?)
    }

    /// The user's browser: where it is sent back to.
    async fn browse(&self, uri: impl std::fmt::Display) -> Result<String, BoxError> {
        let request = Request::get(uri.to_string()).body(Body::default())?;
        let response = self.http.request(request).await?;
        let location = response.headers().get("location").ok_or("no redirect")?;
        Ok(location.to_str()?.to_owned())
    }

    /// All three legs.
    async fn token<P>(&self, legs: &ThreeLegs<P>) -> Result<TokenCredentials, BoxError>
    where
        P: PlaceSignature<tower_auth::oauth1::Body>,
    {
        // No `%` in there: outside of the header, oauthlib unescapes values twice.
        let callback = Callback::new("http://127.0.0.1:9/ready?state=a/b");
        let temporary = legs.temporary_credentials(&callback).await?;
        let back = self.browse(legs.authorization_uri(&temporary)?).await?;
        let verifier = temporary.verifier(&back)?;
        let answer = legs.token_credentials(temporary, verifier).await?;
        Ok(answer.credentials().clone())
    }

    async fn status<P>(
        &self,
        oauth: OAuth1<P, InMemory>,
        request: Request<Body>,
    ) -> Result<StatusCode, BoxError>
    where
        P: PlaceSignature<Body>,
    {
        let client = oauth.only_to(&self.origin)?.layer(self.http.clone());
        Ok(client.oneshot(request).await?.status())
    }

    fn request(
        &self,
        verb: Verb,
        target: &str,
        content_type: &'static str,
        body: &'static str,
    ) -> Result<Request<Body>, BoxError> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = verb;
        *request.uri_mut() = format!("{}{target}", self.origin).parse()?;
        if !content_type.is_empty() {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        Ok(request)
    }

    /// Everything that a right client may send.
    async fn accepted<P>(&mut self, oauth: OAuth1<P, InMemory>) -> Result<(), BoxError>
    where
        P: PlaceSignature<Body> + PlaceSignature<tower_auth::oauth1::Body>,
    {
        let named = format!("{oauth:?}");
        let legs = self.legs(oauth)?;
        let token = self
            .token(&legs)
            .await
            .map_err(|error| format!("{named}: {error}"))?;
        self.expect("a token", !token.token().is_empty())?;
        let in_body = named.contains("InBody");
        for (verb, target, content_type, body) in [
            (Verb::POST, "/resource", FORM, ""),
            (Verb::POST, "/resource", FORM, "a=1&b=2+3&a=%C3%A9&c%40="),
            (
                Verb::PUT,
                "/resource?x=1&x=%2B&y=",
                FORM,
                "status=Hello%20Ladies%20%2b%20Gentlemen",
            ),
            (Verb::GET, "/resource", "", ""),
            (
                Verb::GET,
                "/resource?b5=%3D%253D&a3=a&c%40=&a2=r%20b&~=t",
                "",
                "",
            ),
            (Verb::HEAD, "/a%20path//with;odd%2Fthings", "", ""),
            (Verb::DELETE, "/resource?realm=x", "", ""),
            (Verb::POST, "/resource?q=1", "application/json", "{\"a\":1}"),
            (Verb::PATCH, "/resource", "text/plain", "a=1&b=2"),
        ] {
            if in_body && content_type != FORM {
                continue; // has no place for the parameters; our layer refuses it
            }
            let request = self.request(verb, target, content_type, body)?;
            let what = format!("{} {target} {body}, {named}", request.method());
            let status = self.status(legs.oauth(&token), request).await?;
            self.expect(&what, status == StatusCode::OK)?;
        }
        if !in_body {
            let request = self.request(Verb::POST, "/resource", "application/json", "{}")?;
            let status = self.status(legs.oauth(&token).body_hash(), request).await?;
            self.expect("a body hash", status == StatusCode::OK)?;
        }
        Ok(())
    }

    /// What a server has to refuse, so that its consent means something.
    async fn refused(&mut self) -> Result<(), BoxError> {
        let oauth = OAuth1::new(CLIENT, SECRET)?;
        let legs = self.legs(oauth.clone())?;
        let token = self.token(&legs).await?;
        let right = || legs.oauth(&token);
        let hour = Duration::from_secs(3600);
        let clock = |time| Clock::new(ManualClock::at(time));
        let wrong_secret = OAuth1::new(CLIENT, "wrong")?.credentials(token.clone());
        let wrong_token = TokenCredentials::new(token.token(), "wrong");
        let now = Clock::system().now();
        for (what, oauth, expected) in [
            ("the right secrets", right(), 200),
            ("a wrong client secret", wrong_secret, 401),
            ("a wrong token secret", oauth.credentials(wrong_token), 401),
            ("an old timestamp", right().clock(clock(now - hour)), 401),
            (
                "a timestamp of the future",
                right().clock(clock(now + hour)),
                401,
            ),
        ] {
            let request = self.request(Verb::GET, "/resource?a=1", "", "")?;
            let status = self.status(oauth, request).await?;
            self.expect(what, status == expected)?;
        }
        let replayed = right().clock(clock(now)).nonces(Always);
        for (what, expected) in [("a nonce", 200), ("a replayed nonce", 401)] {
            let request = self.request(Verb::GET, "/resource?a=1", "", "")?;
            let status = self.status(replayed.clone(), request).await?;
            self.expect(what, status == expected)?;
        }
        self.refused_legs(legs).await
    }

    async fn refused_legs(&mut self, legs: ThreeLegs) -> Result<(), BoxError> {
        let wrong = self.legs(OAuth1::new(CLIENT, "wrong")?)?;
        let refused = wrong.temporary_credentials(&Callback::out_of_band()).await;
        self.expect(
            "a first leg with a wrong secret",
            failed(refused, LegErrorKind::Refused),
        )?;

        let callback = Callback::new("http://127.0.0.1:9/ready");
        let temporary = legs.temporary_credentials(&callback).await?;
        let deny = legs.authorization_uri_with(&temporary, &[("deny", "1")])?;
        let back = self.browse(deny).await?;
        self.expect(
            "a user who says no",
            failed(temporary.verifier(&back), LegErrorKind::Denied),
        )?;

        let other = legs.temporary_credentials(&callback).await?;
        let back = self.browse(legs.authorization_uri(&other)?).await?;
        let foreign = failed(temporary.verifier(&back), LegErrorKind::ForeignToken);
        self.expect("somebody else's redirect", foreign)?;

        let guessed = Verifier::new("guessedguessedguessed");
        let refused = legs.token_credentials(temporary, guessed).await;
        self.expect("a guessed verifier", failed(refused, LegErrorKind::Refused))
    }
}

/// Whether a leg failed for this reason.
fn failed<T>(result: Result<T, AuthError>, reason: LegErrorKind) -> bool {
    result.is_err_and(|error| LegError::of(&error).map(LegError::kind) == Some(reason))
}

/// The same nonce twice. Twenty characters are the least that oauthlib takes.
#[derive(Debug)]
struct Always;

impl NonceSource for Always {
    fn nonce(&self) -> String {
        "0123456789abcdefghij".to_owned()
    }
}
