//! Several processes on one file, some of them killed: C19, C20, C21.
//!
//! This is a program of its own (`harness = false`): it starts itself again as the other processes.

use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use std::{
    convert::Infallible,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tower::{Layer as _, ServiceExt as _};
use tower_auth_core::{AuthError, Clock, ErrorKind, SchemeExt as _, replay::Cloned};
use tower_auth_token::{
    AccessToken as _, Demand, Failure, Fetched, Source, Token, TokenAuth,
    store::{FileStore, Store as _, StoreErrorKind, Stored, StoredToken},
};

type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    (
        "two_processes_with_fifty_tasks_each_make_one_refresh",
        two_processes_with_fifty_tasks_each_make_one_refresh,
    ),
    (
        "fifty_rounds_with_a_kill_lose_no_session_and_break_no_file",
        fifty_rounds_with_a_kill_lose_no_session_and_break_no_file,
    ),
    (
        "a_kill_in_the_middle_of_saving_leaves_the_old_file_or_the_new_one",
        a_kill_in_the_middle_of_saving_leaves_the_old_file_or_the_new_one,
    ),
    #[cfg(unix)] // needs a limit on the size of files
    (
        "a_disk_that_is_full_in_the_middle_of_saving_leaves_the_old_file",
        a_disk_that_is_full_in_the_middle_of_saving_leaves_the_old_file,
    ),
    (
        "a_lock_is_free_as_soon_as_its_process_is_killed",
        a_lock_is_free_as_soon_as_its_process_is_killed,
    ),
    (
        "the_session_server_of_these_tests_does_notice_reuse",
        the_session_server_of_these_tests_does_notice_reuse,
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "child") {
        child(&arguments[1..]);
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--list") {
        TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let exact = arguments.iter().any(|argument| argument == "--exact");
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| match filter {
        Some(filter) if exact => name == filter,
        Some(filter) => name.contains(filter.as_str()),
        None => true,
    };
    let mut failed = 0;
    for (name, test) in TESTS.iter().filter(|(name, _)| wanted(name)) {
        let result = std::panic::catch_unwind(test);
        println!(
            "test {name} ... {}",
            if result.is_ok() { "ok" } else { "FAILED" }
        );
        failed += usize::from(result.is_err());
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(101)
    }
}

/// C19.
fn two_processes_with_fifty_tasks_each_make_one_refresh() {
    for _ in 0..5 {
        let server = SessionServer::start(Duration::from_millis(100));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("tokens.json");
        expire(&server, &file);
        let mut children: Vec<_> = (0..2).map(|_| Requests::start(&server, &file)).collect();
        children.iter_mut().for_each(Requests::go);
        for child in children {
            assert_eq!(child.finish(), "50 of 50");
        }
        server.with(|session| {
            assert!(!session.revoked, "a refresh token was used twice");
            assert_eq!(session.exchanges, 1);
        });
        assert_eq!(in_file(&file), "r2");
    }
}

/// C19, C20, C21: the session survives whichever process is killed, whenever.
fn fifty_rounds_with_a_kill_lose_no_session_and_break_no_file() {
    const ROUNDS: u64 = 50;
    let server = SessionServer::start(Duration::from_millis(20));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tokens.json");
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut killed_early = 0;
    for round in 0..ROUNDS {
        expire(&server, &file);
        let mut doomed = Requests::start(&server, &file);
        let mut other = Requests::start(&server, &file);
        doomed.go();
        other.go();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        thread::sleep(Duration::from_micros((random >> 33) % 60_000));
        killed_early += u32::from(doomed.kill());
        assert_eq!(other.finish(), "50 of 50", "round {round}");
        server.with(|session| {
            assert!(
                !session.revoked,
                "round {round}: a refresh token was used twice"
            );
        });
        in_file(&file); // whole, and with a session in it
        // The session that was saved is the one that is good: who comes next is served.
        let mut next = Requests::start(&server, &file);
        next.go();
        assert_eq!(next.finish(), "50 of 50", "round {round}");
    }
    let (exchanges, repeated) = server.with(|session| (session.exchanges, session.repeated));
    println!(
        "{ROUNDS} rounds, {killed_early} killed before they were done: {exchanges} exchanges, {repeated} of them \
         again since the answer was lost with the process"
    );
    assert!(killed_early > 0, "nobody was killed in the middle");
    assert_eq!(
        u64::from(exchanges - repeated),
        ROUNDS,
        "one refresh each round"
    );
    let names = std::fs::read_dir(directory.path()).unwrap();
    let broken = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().contains("broken")
    });
    assert_eq!(broken.count(), 0);
}

/// C21.
fn a_kill_in_the_middle_of_saving_leaves_the_old_file_or_the_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tokens.json");
    let runtime = runtime();
    let store = FileStore::new(&file);
    let kept = token("kept", "r", Clock::system().now());
    runtime.block_on(store.save("kept", &kept)).unwrap();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..40 {
        let (mut child, mut stdin, mut stdout) = spawn(&["save", file.to_str().unwrap()]);
        go(&mut stdin);
        assert_eq!(line(&mut stdout), "saving");
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        thread::sleep(Duration::from_micros((random >> 33) % 20_000));
        // While it writes, too, there is never anything but a whole file.
        let during = runtime.block_on(store.load("k")).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let after = runtime.block_on(store.load("k")).unwrap();
        for found in [during, after].into_iter().flatten() {
            let text = found.token().expose();
            let (number, filler) = text.split_once('-').unwrap();
            assert!(number.parse::<u64>().is_ok(), "round {round}");
            assert_eq!(filler.len(), FILLER, "round {round}");
            assert_eq!(found.refresh().unwrap().expose(), number, "round {round}");
        }
        let other = runtime.block_on(store.load("kept")).unwrap();
        assert_eq!(other, Some(kept.clone()), "round {round}");
    }
    // A busy machine may have written nothing in so short a time: the last one gets as long as it takes.
    let (mut child, mut stdin, mut stdout) = spawn(&["save", file.to_str().unwrap()]);
    go(&mut stdin);
    assert_eq!(line(&mut stdout), "saving");
    let mut looks = 0;
    while runtime.block_on(store.load("k")).unwrap().is_none() {
        looks += 1;
        assert!(looks < 3_000, "nothing is saved");
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// C21, C23: the process may not write files as large as this one; to it, that is a disk that becomes full.
#[cfg(unix)]
fn a_disk_that_is_full_in_the_middle_of_saving_leaves_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tokens.json");
    let runtime = runtime();
    let store = FileStore::new(&file);
    let kept = token("kept", "r", Clock::system().now());
    runtime.block_on(store.save("k", &kept)).unwrap();
    // Some 10 kB, of 200; and the signal that comes with it is ignored, so that writing fails.
    let limited = "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited]);
    command.arg(std::env::current_exe().unwrap());
    let (child, mut stdin, mut stdout) = spawn_by(command, &["save_once", file.to_str().unwrap()]);
    go(&mut stdin);
    assert_eq!(line(&mut stdout), "Io");
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(runtime.block_on(store.load("k")).unwrap(), Some(kept));
    let names = std::fs::read_dir(directory.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(
        names,
        [".tokens.json.lock", "tokens.json"],
        "nothing is left"
    );
}

/// C20.
fn a_lock_is_free_as_soon_as_its_process_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tokens.json");
    let runtime = runtime();
    for _ in 0..5 {
        let (mut child, mut stdin, mut stdout) = spawn(&["lock", file.to_str().unwrap()]);
        go(&mut stdin);
        assert_eq!(line(&mut stdout), "locked");
        let impatient = FileStore::new(&file).lock_timeout(Duration::from_millis(30));
        let error = runtime.block_on(impatient.lock("session")).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Busy);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(runtime.block_on(impatient.lock("session")).is_ok());
    }
}

/// The other tests prove nothing if this does not hold.
fn the_session_server_of_these_tests_does_notice_reuse() {
    let server = SessionServer::start(Duration::ZERO);
    let ask = |line: &str| ask(server.address, line);
    assert_eq!(ask("refresh r1"), "ok 2");
    assert_eq!(ask("refresh r1"), "ok 3", "the answer was lost");
    assert_eq!(ask("use t3"), "200");
    assert_eq!(
        ask("refresh r2"),
        "invalid_grant",
        "it was used, and so was its successor"
    );
    assert_eq!(ask("refresh r3"), "invalid_grant", "the session is over");
    assert_eq!(ask("use t3"), "401");
}

// ===== the processes =====

const FILLER: usize = 200_000;

fn child(arguments: &[String]) {
    let mut ready = String::new();
    std::io::stdin().read_line(&mut ready).unwrap();
    let file = FileStore::new(&arguments[1]);
    match arguments[0].as_str() {
        "requests" => {
            let done = runtime().block_on(requests(arguments[2].parse().unwrap(), file));
            println!("{done} of 50");
        }
        "lock" => runtime().block_on(async {
            let _lock = file.lock("session").await.unwrap();
            println!("locked");
            std::future::pending::<()>().await;
        }),
        "save_once" => runtime().block_on(async {
            let token = token(&"x".repeat(FILLER), "r", Clock::system().now());
            let error = file.save("k", &token).await.unwrap_err();
            println!("{:?}", error.kind());
        }),
        "save" => runtime().block_on(async {
            println!("saving");
            for number in 0_u64.. {
                let text = format!("{number}-{}", "x".repeat(FILLER));
                let token = token(&text, &number.to_string(), Clock::system().now());
                file.save("k", &token).await.unwrap();
            }
        }),
        other => panic!("no such child: {other}"),
    }
}

/// Fifty requests at once; how many of them got a 200.
async fn requests(server: SocketAddr, file: FileStore) -> usize {
    let auth = TokenAuth::bearer(Stored::new(Refresher(server), file, "session"));
    let http = tower::service_fn(move |request: Request<String>| async move {
        let value = request.headers()[AUTHORIZATION].to_str().unwrap();
        let line = format!("use {}", value.strip_prefix("Bearer ").unwrap());
        let answer = tokio::task::spawn_blocking(move || ask(server, &line)).await;
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_bytes(answer.unwrap().as_bytes()).unwrap();
        Ok::<_, Infallible>(response)
    });
    let service = auth.replay(Cloned).layer(http);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let request = Request::get("https://h/").body(String::new()).unwrap();
        tasks.spawn(service.clone().oneshot(request));
    }
    let mut done = 0;
    while let Some(result) = tasks.join_next().await {
        let status = result.unwrap().map(|response| response.status());
        done += usize::from(status.is_ok_and(|status| status == StatusCode::OK));
    }
    done
}

#[derive(Clone)]
struct Refresher(SocketAddr);

impl Source for Refresher {
    type Value = Token;

    async fn fetch(&self, demand: Demand<Token>) -> Result<Fetched<Token>, Failure> {
        let error = |what| AuthError::new(ErrorKind::Credentials, what);
        let refresh = demand.previous.as_ref().and_then(Token::refresh);
        let refresh = refresh.ok_or_else(|| error("somebody has to log in"))?;
        let (server, line) = (self.0, format!("refresh {}", refresh.expose()));
        let answer = tokio::task::spawn_blocking(move || ask(server, &line));
        match answer.await.unwrap().strip_prefix("ok ") {
            Some(number) => {
                let refresh = format!("r{number}").as_str().into();
                let token = Token::from(format!("t{number}")).with_refresh(Some(refresh));
                assert!(!token.access_token().is_empty());
                Ok(Fetched::new(token).lifetime(Duration::from_secs(3600)))
            }
            None => Err(Failure::new(error("invalid_grant")).previous_is_worthless()),
        }
    }
}

fn spawn(arguments: &[&str]) -> (Child, ChildStdin, BufReader<ChildStdout>) {
    spawn_by(Command::new(std::env::current_exe().unwrap()), arguments)
}

fn spawn_by(
    mut command: Command,
    arguments: &[&str],
) -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let mut child = command
        .arg("child")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdin, stdout)
}

fn go(stdin: &mut ChildStdin) {
    writeln!(stdin, "go").unwrap();
}

fn line(stdout: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// A process that makes requests when it is told to.
struct Requests {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Requests {
    fn start(server: &SessionServer, file: &Path) -> Self {
        let address = server.address.to_string();
        let (child, stdin, stdout) = spawn(&["requests", file.to_str().unwrap(), &address]);
        Self {
            child,
            stdin,
            stdout,
        }
    }

    fn go(&mut self) {
        go(&mut self.stdin);
    }

    fn finish(mut self) -> String {
        let said = line(&mut self.stdout);
        assert!(self.child.wait().unwrap().success());
        said
    }

    /// `kill -9`. Says whether it was before the process was done.
    fn kill(mut self) -> bool {
        self.child.kill().unwrap();
        !self.child.wait().unwrap().success()
    }
}

// ===== the session server, in this process =====

struct Session {
    /// The number of the newest tokens.
    newest: u64,
    /// Somebody has shown them, so they arrived.
    arrived: bool,
    /// Access tokens up to this one have expired.
    expired: u64,
    revoked: bool,
    exchanges: u32,
    /// Exchanges of a refresh token whose successor never arrived.
    repeated: u32,
}

/// Rotates refresh tokens with every use. One that was used already is taken once more only when its successor was never
/// shown, so that an answer which was lost with its process can be had again (as Auth0, Okta and Hydra do); else it ends
/// the session (RFC 9700 section 4.14.2). So a process that used a token before it was saved would be found out.
struct SessionServer {
    address: SocketAddr,
    session: Arc<Mutex<Session>>,
}

impl SessionServer {
    fn start(latency: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let session = Arc::new(Mutex::new(Session {
            newest: 1,
            arrived: true,
            expired: 0,
            revoked: false,
            exchanges: 0,
            repeated: 0,
        }));
        let shared = Arc::clone(&session);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let session = Arc::clone(&shared);
                thread::spawn(move || answer(&stream.unwrap(), &session, latency));
            }
        });
        Self { address, session }
    }

    fn with<T>(&self, f: impl FnOnce(&mut Session) -> T) -> T {
        f(&mut self.session.lock().unwrap())
    }
}

fn answer(mut stream: &TcpStream, session: &Mutex<Session>, latency: Duration) {
    let mut line = String::new();
    if BufReader::new(stream).read_line(&mut line).is_err() {
        return; // it was killed
    }
    let answer = match line.trim_end().split_once(' ') {
        Some(("use", token)) => session.lock().unwrap().used(token).to_owned(),
        Some(("refresh", token)) => {
            // A kill can come before the exchange, and between the exchange and its answer.
            thread::sleep(latency / 2);
            let answer = session.lock().unwrap().refresh(token);
            thread::sleep(latency / 2);
            answer
        }
        _ => return,
    };
    let _ = writeln!(stream, "{answer}"); // it may have been killed
}

impl Session {
    fn used(&mut self, token: &str) -> &'static str {
        let number: u64 = token.strip_prefix('t').unwrap().parse().unwrap();
        if self.revoked || number <= self.expired {
            return "401";
        }
        self.arrived |= number == self.newest;
        "200"
    }

    fn refresh(&mut self, token: &str) -> String {
        let number: u64 = token.strip_prefix('r').unwrap().parse().unwrap();
        let lost = number + 1 == self.newest && !self.arrived;
        if self.revoked || !(number == self.newest || lost) {
            self.revoked = true;
            return "invalid_grant".to_owned();
        }
        self.exchanges += 1;
        self.repeated += u32::from(lost);
        self.newest += 1;
        self.arrived = false;
        format!("ok {}", self.newest)
    }
}

fn ask(server: SocketAddr, question: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    writeln!(stream, "{question}").unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    answer.trim_end().to_owned()
}

// ===== the file =====

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn token(token: &str, refresh: &str, expires_at: std::time::SystemTime) -> StoredToken {
    StoredToken::new(token)
        .with_expires_at(expires_at)
        .with_refresh(Some(refresh.into()))
}

/// Whatever access token is in the file has expired, here and for the server.
fn expire(server: &SessionServer, file: &PathBuf) {
    let store = FileStore::new(file);
    let expired = Clock::system().now() - Duration::from_secs(3600);
    runtime().block_on(async {
        let refresh = match store.load("session").await.unwrap() {
            Some(stored) => stored.refresh().unwrap().expose().to_owned(),
            None => "r1".to_owned(),
        };
        let access = refresh.replace('r', "t");
        let token = token(&access, &refresh, expired);
        store.save("session", &token).await.unwrap();
    });
    server.with(|session| session.expired = session.newest);
}

/// The refresh token in the file.
fn in_file(file: &Path) -> String {
    let stored = runtime().block_on(FileStore::new(file).load("session"));
    stored
        .unwrap()
        .unwrap()
        .refresh()
        .unwrap()
        .expose()
        .to_owned()
}
