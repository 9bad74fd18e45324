//! Drives `tower_auth::oauth2` against npm oidc-provider. Run by `interop/oidc-provider/run`.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::Value;
use std::{
    error::Error,
    path::Path,
    sync::{Arc, Mutex},
};
use tower::{Layer as _, ServiceExt as _};
use tower_auth::{
    AuthError, SchemeExt as _, Secret,
    oauth2::{
        Algorithm, Assertion, ClientAuth, HttpClient, Introspection, OAuth2, Revocation,
        ServerMetadata, SigningKey, TokenError, TokenHint,
    },
    replay::Cloned,
};

type BoxError = Box<dyn Error + Send + Sync>;

/// The server, as it described itself.
struct Peer {
    issuer: String,
    tls: String,
    secret: String,
    keys: Value,
    metadata: ServerMetadata,
    http: HttpClient,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let directory = std::env::args()
        .nth(1)
        .ok_or("usage: interop_oauth2 DIRECTORY")?;
    let directory = Path::new(&directory);
    let ready: Value =
        serde_json::from_str(&std::fs::read_to_string(directory.join("server.json"))?)?;
    let text = |name: &str| {
        ready[name]
            .as_str()
            .map(str::to_owned)
            .ok_or("odd server.json")
    };
    let http = HttpClient::default();
    let issuer = text("issuer")?;
    let peer = Peer {
        metadata: ServerMetadata::discover(&issuer, &http).await?,
        issuer,
        tls: text("tls")?,
        secret: text("secret")?,
        keys: ready["keys"].clone(),
        http,
    };
    done("discovery");
    client_authentication(&peer, directory).await?;
    resource_indicators(&peer).await?;
    assertions_and_exchange(&peer).await?;
    device_and_refresh(&peer).await?;
    bound_tokens(&peer).await?;
    println!("all passed");
    Ok(())
}

fn done(what: &str) {
    println!("ok  {what}");
}

fn check(holds: bool, what: &'static str) -> Result<(), BoxError> {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// The error code that the server gave.
fn error_code(error: &AuthError) -> Option<String> {
    Some(TokenError::of(error)?.response()?.error()?.to_owned())
}

impl Peer {
    fn service(&self) -> Result<ClientAuth, AuthError> {
        ClientAuth::basic("service", "service-secret")
    }

    fn key(&self, algorithm: Algorithm) -> Result<SigningKey, BoxError> {
        let name = algorithm.name();
        let pem = self.keys[name].as_str().ok_or("a key is missing")?;
        Ok(SigningKey::from_pem(algorithm, pem)?.with_key_id(format!("key-{name}")))
    }

    async fn is_active(&self, token: &Secret) -> Result<bool, BoxError> {
        let url = self
            .metadata
            .introspection_endpoint()
            .ok_or("no introspection")?;
        let introspection =
            Introspection::new(url, self.service()?)?.http_client(self.http.clone());
        Ok(introspection.introspect(token, None).await?.is_active())
    }

    async fn test(&self, path: &str) -> Result<(), BoxError> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request =
            Request::get(format!("{}{path}", self.issuer)).body(Full::<Bytes>::default())?;
        check(
            client.request(request).await?.status().is_success(),
            "the test endpoint failed",
        )
    }
}

async fn client_authentication(peer: &Peer, directory: &Path) -> Result<(), BoxError> {
    let mut methods = vec![
        (
            "client_secret_basic",
            ClientAuth::basic("odd:id/+ %", "p:a+s/s%20w&o=r d~\"\\")?,
        ),
        ("client_secret_post", ClientAuth::post("post", "s&c=r t")?),
        (
            "client_secret_jwt HS256",
            ClientAuth::secret_jwt("secret-jwt", &peer.secret)?,
        ),
    ];
    for algorithm in [
        Algorithm::Rs256,
        Algorithm::Ps256,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::Es512,
        Algorithm::EdDsa,
    ] {
        let id = format!("jwt-{algorithm}");
        let key = peer.key(algorithm)?;
        methods.push((
            algorithm.name(),
            ClientAuth::private_key_jwt(&id, key.clone())?,
        ));
        // The issuer is a good audience as well.
        let assertion = Assertion::new(key).audience(&peer.issuer);
        methods.push((algorithm.name(), ClientAuth::assertion(&id, assertion)?));
    }
    for (name, auth) in methods {
        let scheme = peer.metadata.client_credentials(auth)?;
        let scheme = scheme
            .scope("api:read")
            .http_client(peer.http.clone())
            .build()?;
        let token = scheme.token().await?;
        check(peer.is_active(&token).await?, "the token is not active")?;
        done(&format!("client credentials, {name}"));
    }

    let scheme = OAuth2::client_credentials_as(
        format!("{}/token", peer.tls),
        ClientAuth::mutual_tls("mtls")?,
    );
    let scheme = scheme.http_client(with_certificate(directory)?).build()?;
    check(
        peer.is_active(&scheme.token().await?).await?,
        "the token is not active",
    )?;
    done("client credentials, self_signed_tls_client_auth");

    for wrong in [
        ClientAuth::basic("service", "wrong")?,
        ClientAuth::basic_raw("odd", "p:a+s")?,
    ] {
        let scheme = peer
            .metadata
            .client_credentials(wrong)?
            .http_client(peer.http.clone())
            .build()?;
        let error = scheme
            .token()
            .await
            .err()
            .ok_or("a wrong secret was taken")?;
        check(
            error_code(&error).as_deref() == Some("invalid_client"),
            "not invalid_client",
        )?;
    }
    done("a wrong secret is invalid_client");
    Ok(())
}

/// A client that shows its certificate and trusts that of the server.
fn with_certificate(directory: &Path) -> Result<HttpClient, BoxError> {
    let certificate = |name: &str| CertificateDer::from_pem_file(directory.join(name));
    let mut roots = RootCertStore::empty();
    roots.add(certificate("server.pem")?)?;
    let key = PrivateKeyDer::from_pem_file(directory.join("client.key"))?;
    let config = ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()?
    .with_root_certificates(roots)
    .with_client_auth_cert(vec![certificate("client.pem")?], key)?;
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .build();
    let client =
        Client::builder(TokioExecutor::new()).build::<_, tower_auth::oauth2::Body>(connector);
    Ok(HttpClient::new(client))
}

async fn resource_indicators(peer: &Peer) -> Result<(), BoxError> {
    let ask = |resource: &str| {
        let builder = peer.metadata.client_credentials(peer.service()?)?;
        builder
            .resource(resource)
            .scope("api:read")
            .http_client(peer.http.clone())
            .build()
    };
    let token = ask("https://api.example/orders")?.token().await?;
    check(
        token.expose().split('.').count() == 3,
        "a token for this resource is a JWT",
    )?;
    let error = ask("https://other.example/")?
        .token()
        .await
        .err()
        .ok_or("a foreign resource was taken")?;
    check(
        error_code(&error).as_deref() == Some("invalid_target"),
        "not invalid_target",
    )?;
    done("resource indicators");
    Ok(())
}

async fn assertions_and_exchange(peer: &Peer) -> Result<(), BoxError> {
    let url = peer.metadata.token_endpoint().ok_or("no token endpoint")?;
    for algorithm in [
        Algorithm::Rs256,
        Algorithm::Ps256,
        Algorithm::Es256,
        Algorithm::Es512,
        Algorithm::EdDsa,
    ] {
        let assertion = Assertion::new(peer.key(algorithm)?)
            .issuer("service")
            .subject("alice");
        let builder = OAuth2::jwt_bearer(url, assertion).client_auth(peer.service()?);
        let scheme = builder.http_client(peer.http.clone()).build()?;
        let first = scheme.token().await?;
        check(peer.is_active(&first).await?, "the token is not active")?;
        // Signed afresh, with another `jti`: the server takes each of them once.
        scheme.clear().await?;
        check(
            scheme.token().await?.expose() != first.expose(),
            "the same token again",
        )?;
        done(&format!("JWT bearer, {algorithm}"));
    }

    let subject = peer
        .metadata
        .client_credentials(peer.service()?)?
        .http_client(peer.http.clone())
        .build()?;
    let subject = subject.token().await?;
    let exchange = |subject: &Secret| {
        let builder = peer.metadata.token_exchange(peer.service()?, subject)?;
        builder
            .audience("https://api.example/")
            .http_client(peer.http.clone())
            .build()
    };
    let exchanged = exchange(&subject)?.token().await?;
    check(exchanged.expose() != subject.expose(), "the same token")?;
    check(peer.is_active(&exchanged).await?, "the token is not active")?;
    let error = exchange(&Secret::from("unknown"))?
        .token()
        .await
        .err()
        .ok_or("an unknown token was taken")?;
    check(
        error_code(&error).as_deref() == Some("invalid_grant"),
        "not invalid_grant",
    )?;
    done("token exchange");
    Ok(())
}

/// Tokens that are bound to a key (RFC 9449); both endpoints demand a nonce in every proof.
async fn bound_tokens(peer: &Peer) -> Result<(), BoxError> {
    let key = SigningKey::generate(Algorithm::Es256)?;
    let thumbprint = key.public_jwk().ok_or("no public key")?.thumbprint();
    let bound = peer.metadata.client_credentials(peer.service()?)?;
    let token = bound.dpop(key.clone()).build()?.token().await?;
    let introspection = peer.metadata.introspection(peer.service()?)?;
    let state = introspection.introspect(&token, None).await?;
    let confirmation = state.fields().get("cnf").and_then(|cnf| cnf.get("jkt"));
    check(
        confirmation.and_then(Value::as_str) == Some(&*thumbprint),
        "the token is not bound to the key",
    )?;
    done("DPoP, client credentials");

    let refresh = Arc::new(Mutex::new(None));
    let (told, heard) = std::sync::mpsc::channel();
    let keep = Arc::clone(&refresh);
    let scheme = peer.metadata.device_authorization("tv")?;
    let scheme = scheme
        .scope("openid offline_access")
        .dpop(key.clone())
        .on_user_code(move |code| drop(told.send(code.user_code().to_owned())))
        .on_token(move |token| {
            *keep.lock().expect("nobody panics") = token.refresh_token().cloned()
        })
        .build()?;
    let login = tokio::spawn({
        let scheme = scheme.clone();
        async move { scheme.token().await }
    });
    let code = loop {
        match heard.try_recv() {
            Ok(code) => break code,
            Err(_) if login.is_finished() => return Err(format!("{:?}", login.await?).into()),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    peer.test(&format!("/test/approve?user_code={code}"))
        .await?;
    login.await??;
    let url = peer.metadata.fields().get("userinfo_endpoint");
    let url = url.and_then(Value::as_str).ok_or("no user information")?;
    let http = Client::builder(TokioExecutor::new()).build_http();
    let client = scheme.only_to(&peer.issuer)?.replay(Cloned).layer(http);
    for _ in 0..2 {
        let request = Request::get(url).body(Full::<Bytes>::default())?;
        let response = client.clone().oneshot(request).await?;
        check(response.status().is_success(), "a proof was refused")?;
    }
    done("DPoP, a resource that demands a nonce");

    let token = refresh.lock().expect("nobody panics").take();
    let token = token.ok_or("no refresh token")?;
    let other = peer.metadata.refresh_token("tv", &token)?;
    let other = other
        .dpop(SigningKey::generate(Algorithm::Es256)?)
        .build()?;
    let error = other.token().await.err().ok_or("another key was taken")?;
    check(
        error_code(&error).as_deref() == Some("invalid_grant"),
        "not invalid_grant",
    )?;
    let same = peer.metadata.refresh_token("tv", token)?;
    same.dpop(key).build()?.token().await?;
    done("DPoP, refresh with the same key and no other");
    Ok(())
}

/// A device that a person lets in, or not.
async fn device(
    peer: &Peer,
    decision: &'static str,
    refresh: &Arc<Mutex<Vec<Secret>>>,
) -> Result<Result<Secret, AuthError>, BoxError> {
    let (told, heard) = std::sync::mpsc::channel();
    let keep = Arc::clone(refresh);
    let scheme = peer.metadata.device_authorization("tv")?;
    let scheme = scheme
        .scope("openid offline_access api:read")
        .http_client(peer.http.clone())
        .on_user_code(move |code| {
            drop(told.send((code.user_code().to_owned(), code.qr_text().to_owned())))
        })
        .on_token(move |token| {
            if let Some(token) = token.refresh_token() {
                keep.lock().expect("nobody panics").push(token.clone());
            }
        })
        .build()?;
    let login = tokio::spawn(async move { scheme.token().await });
    let (code, qr) = loop {
        match heard.try_recv() {
            Ok(code) => break code,
            Err(_) if login.is_finished() => return Ok(login.await?),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    check(qr.contains(&code), "the complete URI has no code")?;
    peer.test(&format!("/test/{decision}?user_code={code}"))
        .await?;
    Ok(login.await?)
}

async fn device_and_refresh(peer: &Peer) -> Result<(), BoxError> {
    let refresh = Arc::new(Mutex::new(Vec::new()));
    let access = device(peer, "approve", &refresh).await??;
    check(peer.is_active(&access).await?, "the token is not active")?;
    done("device authorization, approved");
    let denied = device(peer, "deny", &Arc::default()).await?;
    let error = denied.err().ok_or("a denied device was let in")?;
    check(
        error_code(&error).as_deref() == Some("access_denied"),
        "not access_denied",
    )?;
    done("device authorization, denied");

    let first = refresh
        .lock()
        .expect("nobody panics")
        .last()
        .cloned()
        .ok_or("no refresh token")?;
    let url = peer.metadata.token_endpoint().ok_or("no token endpoint")?;
    let latest = Arc::new(Mutex::new(first.clone()));
    let renew = |token: &Secret| {
        let keep = Arc::clone(&latest);
        OAuth2::refresh_token(url, "tv", token)
            .http_client(peer.http.clone())
            .on_token(move |token| {
                if let Some(token) = token.refresh_token() {
                    *keep.lock().expect("nobody panics") = token.clone();
                }
            })
            .build()
    };
    let renewed = renew(&first)?.token().await?;
    let second = latest.lock().expect("nobody panics").clone();
    check(
        second.expose() != first.expose(),
        "the refresh token was not rotated",
    )?;
    check(peer.is_active(&renewed).await?, "the token is not active")?;
    done("refresh, rotated");

    let error = renew(&first)?
        .token()
        .await
        .err()
        .ok_or("a used refresh token was taken")?;
    check(
        error_code(&error).as_deref() == Some("invalid_grant"),
        "not invalid_grant",
    )?;
    let error = renew(&second)?
        .token()
        .await
        .err()
        .ok_or("the family lives on")?;
    check(
        error_code(&error).as_deref() == Some("invalid_grant"),
        "not invalid_grant",
    )?;
    check(!peer.is_active(&renewed).await?, "its tokens live on")?;
    done("reuse of a refresh token ends the session");

    let access = device(peer, "approve", &refresh).await??;
    let token = refresh
        .lock()
        .expect("nobody panics")
        .last()
        .cloned()
        .ok_or("no refresh token")?;
    let url = peer.metadata.revocation_endpoint().ok_or("no revocation")?;
    let revocation =
        Revocation::new(url, ClientAuth::public("tv")?)?.http_client(peer.http.clone());
    revocation
        .revoke(&token, Some(TokenHint::RefreshToken))
        .await?;
    revocation.revoke("unknown", None).await?;
    check(
        !peer.is_active(&access).await?,
        "a revoked session lives on",
    )?;
    done("revocation and introspection");
    Ok(())
}
