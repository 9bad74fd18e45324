//! What `interop/digest/run` sends to its servers: `interop-digest APACHE PYPI`.
//!
//! The exit code is 0 only when each answer, and the number of challenges before it, is as expected.

use bytes::Bytes;
use examples::BoxError;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_auth::{Authorize, Scheme, SchemeExt, digest::Digest, replay::Cloned};

type Body = Full<Bytes>;
type Http = Client<HttpConnector, Body>;

const USER: &str = "Aladdin";
const PASSWORD: &str = "open sesame";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let (Some(apache), Some(pypi)) = (arguments.next(), arguments.next()) else {
        return Err("usage: interop-digest APACHE PYPI".into());
    };
    let mut peer = Peer {
        http: Client::builder(TokioExecutor::new()).build_http(),
        challenges: Arc::default(),
        checks: 0,
    };
    peer.apache(&apache).await?;
    peer.pypi(&pypi).await?;
    println!("{} checks passed", peer.checks);
    Ok(())
}

struct Peer {
    http: Http,
    /// How many responses had status 401, those that were replayed among them.
    challenges: Arc<AtomicUsize>,
    checks: usize,
}

impl Peer {
    /// The scheme as a client that counts what is below.
    fn client<A>(&self, scheme: A, origin: &str) -> Result<BoxClient, BoxError>
    where
        A: Scheme<Mode = tower_auth::Deferred> + Authorize<Body> + Send + Sync + 'static,
        A::Credentials: Send + Sync,
        A::Sent: Send + Sync,
        A::Acquire: Send,
    {
        let challenges = Arc::clone(&self.challenges);
        let counting = ServiceBuilder::new()
            .map_response(move |response: Response<_>| {
                if response.status() == StatusCode::UNAUTHORIZED {
                    challenges.fetch_add(1, Ordering::SeqCst);
                }
                response
            })
            .service(self.http.clone());
        let client = scheme.only_to(origin)?.replay(Cloned).layer(counting);
        let client = client.map_response(|response: Response<_>| response.status());
        Ok(BoxClient::new(client.map_err(BoxError::from)))
    }

    async fn check(
        &mut self,
        what: &str,
        client: &BoxClient,
        request: Request<Body>,
        expected: (u16, usize),
    ) -> Result<(), BoxError> {
        let status = client.clone().oneshot(request).await?;
        let challenges = self.challenges.swap(0, Ordering::SeqCst);
        self.checks += 1;
        if (status.as_u16(), challenges) == expected {
            return Ok(());
        }
        Err(format!("{what}: {status} after {challenges} challenges, expected {expected:?}").into())
    }

    async fn apache(&mut self, origin: &str) -> Result<(), BoxError> {
        let get = |path: &str| Request::get(format!("{origin}{path}")).body(Body::default());
        let client = self.client(Digest::new(USER, PASSWORD)?, origin)?;
        self.check("the first request", &client, get("/index.html")?, (200, 1))
            .await?;
        self.check("the second", &client, get("/index.html")?, (200, 0))
            .await?;
        self.check(
            "a query",
            &client,
            get("/index.html?a=%20b&c=d,e")?,
            (200, 0),
        )
        .await?;
        self.check("nothing there", &client, get("/missing")?, (404, 0))
            .await?;

        let all: Vec<_> = (0..50)
            .map(|_| Ok(tokio::spawn(client.clone().oneshot(get("/index.html")?))))
            .collect::<Result<_, http::Error>>()?;
        for one in all {
            let status = one.await??;
            self.checks += 1;
            if status != StatusCode::OK {
                return Err(format!("one of 50 at a time: {status}").into());
            }
        }
        let challenges = self.challenges.swap(0, Ordering::SeqCst);
        if challenges != 0 {
            return Err(format!("50 at a time: {challenges} challenges").into());
        }

        self.check(
            "before the nonce is old",
            &client,
            get("/short/index.html")?,
            (200, 0),
        )
        .await?;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        self.check(
            "a stale nonce",
            &client,
            get("/short/index.html")?,
            (200, 1),
        )
        .await?;

        // A nonce for each request, handed out by `Authentication-Info: nextnonce`.
        let client = self.client(Digest::new(USER, PASSWORD)?, origin)?;
        self.check(
            "the first of those",
            &client,
            get("/once/index.html")?,
            (200, 1),
        )
        .await?;
        self.check(
            "the next nonce",
            &client,
            get("/once/index.html")?,
            (200, 0),
        )
        .await?;
        self.check("and the next", &client, get("/once/index.html")?, (200, 0))
            .await?;

        for (user, password) in [(USER, "guess"), ("Cassim", PASSWORD)] {
            let client = self.client(Digest::new(user, password)?, origin)?;
            self.check("not this user", &client, get("/index.html")?, (401, 2))
                .await?;
        }
        let client = self.client(Digest::new(USER, PASSWORD)?.without_md5(), origin)?;
        self.check("no MD5", &client, get("/index.html")?, (401, 1))
            .await
    }

    async fn pypi(&mut self, origin: &str) -> Result<(), BoxError> {
        for algorithm in ["MD5", "SHA-256"] {
            for quality in ["auth", "auth-int"] {
                // httpbin makes a nonce for each challenge, and takes any.
                let path = format!("/digest-auth/{quality}/{USER}/secret/{algorithm}");
                let get = |body: &'static str| {
                    Request::get(format!("{origin}{path}")).body(Body::from(body))
                };
                let digest = Digest::new(USER, "secret")?;
                let what = format!("{algorithm} {quality}");
                let client = match quality {
                    "auth" => self.client(digest, origin)?,
                    _ => self.client(digest.integrity(), origin)?,
                };
                self.check(&what, &client, get("")?, (200, 1)).await?;
                self.check(&what, &client, get("a body")?, (200, 0)).await?;
                let client = self.client(Digest::new(USER, "guess")?.integrity(), origin)?;
                self.check(&what, &client, get("")?, (401, 2)).await?;
            }
        }
        for path in ["/sess/", "/legacy/"] {
            let post = || Request::post(format!("{origin}{path}?a=b")).body(Body::from("x"));
            let client = self.client(Digest::new(USER, PASSWORD)?, origin)?;
            self.check(path, &client, post()?, (200, 1)).await?;
            self.check(path, &client, post()?, (200, 0)).await?;
            let client = self.client(Digest::new(USER, "guess")?, origin)?;
            self.check(path, &client, post()?, (401, 2)).await?;
        }
        Ok(())
    }
}

type BoxClient = tower::util::BoxCloneSyncService<Request<Body>, StatusCode, BoxError>;
