//! Reads and writes a file of tokens from the command line, as `interop/httpx_auth` does it.
//!
//!     token_file FILE load KEY
//!     token_file FILE save KEY TOKEN EXPIRY|- REFRESH|-
//!     token_file FILE remove KEY
//!     token_file FILE rotate KEY TIMES   # load, count one up, save, under the lock; 0 times: for ever
//!     token_file FILE watch KEY          # load until the input ends, and say what was seen
//!     token_file FILE session KEY ADDRESS TASKS   # so many requests at once to the server of the session
//!
//! It prints tokens, so use it with tokens that are none.

use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, SystemTime},
};
use tower::{Layer as _, ServiceExt as _};
use tower_auth_core::{AuthError, Clock, ErrorKind, SchemeExt as _, Secret, replay::Cloned};
use tower_auth_token::{
    Demand, Failure, Fetched, Source, Token, TokenAuth,
    store::{FileStore, Store as _, Stored, StoredToken},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match arguments.as_slice() {
            [file, "load", key] => load(&FileStore::new(file), key).await,
            [file, "save", key, token, expiry, refresh] => {
                let token = token_of(token, expiry, refresh)?;
                Ok(FileStore::new(file).save(key, &token).await?)
            }
            [file, "remove", key] => Ok(FileStore::new(file).remove(key).await?),
            [file, "rotate", key, times] => {
                rotate(&FileStore::new(file), key, times.parse()?).await
            }
            [file, "watch", key] => watch(&FileStore::new(file), key).await,
            [file, "session", key, address, tasks] => {
                session(FileStore::new(file), key, address.parse()?, tasks.parse()?).await
            }
            _ => Err("see the head of the source for what can be asked".into()),
        }
    })
}

fn token_of(token: &str, expiry: &str, refresh: &str) -> Result<StoredToken> {
    let given = |text: &str| (text != "-").then(|| text.to_owned());
    let expires_at = given(expiry).map(|expiry| expiry.parse()).transpose()?;
    Ok(StoredToken::new(token)
        .with_expires_at(expires_at.map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs_f64(at)))
        .with_refresh(given(refresh).map(Secret::from)))
}

fn show(token: Option<StoredToken>) -> Result<String> {
    let Some(token) = token else {
        return Ok("none".to_owned());
    };
    let expiry = match token.expires_at() {
        None => "-".to_owned(),
        Some(at) => format!(
            "{:?}",
            at.duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64()
        ),
    };
    let refresh = token.refresh().map_or("-", Secret::expose);
    Ok(format!("{} {expiry} {refresh}", token.token().expose()))
}

async fn load(store: &FileStore, key: &str) -> Result<()> {
    println!("{}", show(store.load(key).await?)?);
    Ok(())
}

async fn rotate(store: &FileStore, key: &str, times: u64) -> Result<()> {
    let mut done = 0;
    while times == 0 || done < times {
        let _lock = store.lock(key).await?;
        let number = match store.load(key).await? {
            None => 0,
            Some(token) => token.token().expose().trim_start_matches('t').parse()?,
        };
        let expires_at = Clock::system().now() + Duration::from_secs(3600);
        let token = StoredToken::new(format!("t{}", number + 1))
            .with_expires_at(expires_at)
            .with_refresh(Some(format!("r{}", number + 1).into()));
        store.save(key, &token).await?;
        done += 1;
    }
    Ok(())
}

async fn watch(store: &FileStore, key: &str) -> Result<()> {
    static ENDED: AtomicBool = AtomicBool::new(false);
    thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        ENDED.store(true, Ordering::Relaxed);
    });
    let mut seen = BTreeMap::new();
    while !ENDED.load(Ordering::Relaxed) {
        let what = match store.load(key).await {
            Ok(token) => show(token)?,
            Err(error) => format!("{:?}", error.kind()),
        };
        *seen.entry(what).or_insert(0_u64) += 1;
    }
    for (what, times) in seen {
        println!("{times} {what}");
    }
    Ok(())
}

/// Many requests with one session, as a program makes them; prints how many were answered with 200.
async fn session(store: FileStore, key: &str, server: SocketAddr, tasks: usize) -> Result<()> {
    let http = tower::service_fn(move |request: Request<()>| async move {
        let value = request.headers()[AUTHORIZATION]
            .to_str()
            .unwrap_or_default();
        let token = value.strip_prefix("Bearer ").unwrap_or_default();
        let answer = ask(server, format!("use {token}")).await?;
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_bytes(answer.as_bytes())?;
        Ok::<_, Box<dyn Error + Send + Sync>>(response)
    });
    let auth = TokenAuth::bearer(Stored::new(Refresher(server), store, key));
    let service = auth.replay(Cloned).layer(http);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        requests.spawn(
            service
                .clone()
                .oneshot(Request::get("https://h/").body(())?),
        );
    }
    let mut done = 0;
    while let Some(result) = requests.join_next().await {
        let status = result?.map(|response| response.status());
        done += usize::from(status.is_ok_and(|status| status == StatusCode::OK));
    }
    println!("{done} of {tasks}");
    Ok(())
}

/// Exchanges refresh tokens `r1`, `r2` … for access tokens `t2`, `t3` ….
struct Refresher(SocketAddr);

impl Source for Refresher {
    type Value = Token;

    async fn fetch(&self, demand: Demand<Token>) -> std::result::Result<Fetched<Token>, Failure> {
        let error = |what| AuthError::new(ErrorKind::Credentials, what);
        let refresh = demand.previous.as_ref().and_then(Token::refresh);
        let refresh = refresh.ok_or_else(|| error("somebody has to log in"))?;
        let answer = ask(self.0, format!("refresh {}", refresh.expose()));
        let answer = answer.await;
        let answer = answer.map_err(|cause| error("no answer").with_source(cause))?;
        match answer.strip_prefix("ok ") {
            Some(number) => {
                let token = Token::from(format!("t{number}"));
                let token = token.with_refresh(Some(format!("r{number}").into()));
                Ok(Fetched::new(token).lifetime(Duration::from_secs(3600)))
            }
            None => Err(Failure::new(error("invalid_grant")).previous_is_worthless()),
        }
    }
}

/// One line to the server of the session, and one back.
async fn ask(server: SocketAddr, question: String) -> std::io::Result<String> {
    let asking = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(server)?;
        writeln!(stream, "{question}")?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    });
    asking.await?
}
