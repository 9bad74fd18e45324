//! A token endpoint that does not mean well, over TCP: whatever it sends, the exchange ends within its limits, with an
//! error that says what it was and shows no secret.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{
    error::Error,
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};
use tower_auth_core::AuthError;
use tower_auth_oauth2::{ClientAuth, HttpClient, OAuth2, TokenError, TokenErrorKind};

const SECRET: &str = "PLANTED-secret+of/the client";
const TIME: Duration = Duration::from_secs(1);
/// What the machine may need beyond its time limit, when others build beside it.
const LENIENCE: Duration = Duration::from_secs(2);
const MOST: usize = 64 * 1024;

/// What a server does with a connection after it has read the request, which it is given.
type Script = fn(&mut TcpStream, &str) -> std::io::Result<()>;

/// A server in threads of its own, so that it works while the runtime of the client has no time for anything else.
struct Hostile {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    over: mpsc::Receiver<()>, // a connection has ended
}

impl Hostile {
    fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let (ended, over) = mpsc::channel();
        let count = Arc::clone(&requests);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (ended, count) = (ended.clone(), Arc::clone(&count));
                std::thread::spawn(move || {
                    // Whoever gives up closes the connection: that is how these end.
                    let _ = serve(connection.unwrap(), script, &count);
                    let _ = ended.send(());
                });
            }
        });
        Self {
            address,
            requests,
            over,
        }
    }
}

fn serve(mut stream: TcpStream, script: Script, count: &AtomicUsize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    while let Some(request) = read_request(&mut stream)? {
        count.fetch_add(1, Ordering::SeqCst);
        script(&mut stream, &request)?;
    }
    Ok(())
}

/// Head and body. `None` at the end of the connection.
fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(None);
        }
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Ok(Some(text));
        }
    }
}

fn for_ever(stream: &mut TcpStream, head: &str, again: &str) -> std::io::Result<()> {
    stream.write_all(head.as_bytes())?;
    let many = again.repeat(1 + 8192 / again.len());
    loop {
        stream.write_all(many.as_bytes())?;
    }
}

fn dripping(stream: &mut TcpStream, head: &str, again: &str) -> std::io::Result<()> {
    stream.write_all(head.as_bytes())?;
    loop {
        stream.write_all(again.as_bytes())?;
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Until the other side closes the connection.
fn silent(stream: &mut TcpStream) -> std::io::Result<()> {
    std::io::copy(stream, &mut std::io::sink())?;
    Err(std::io::ErrorKind::ConnectionAborted.into())
}

fn answer(stream: &mut TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes())
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const TOKEN: &str = r#"{"access_token":"a"}"#;

/// Each with what may come of it.
#[rustfmt::skip] // one line each
const ATTACKS: &[(&str, Script, &[TokenErrorKind])] = {
    use TokenErrorKind::{Malformed, Redirected, Response, TimedOut, TooLarge, Unreachable};
    &[
        // The head.
        ("headers without end", |s, _| for_ever(s, OK, "x-a: b\r\n"), &[Unreachable]),
        ("one header without end", |s, _| for_ever(s, "HTTP/1.1 200 OK\r\nx-a: ", "aaaaaaaa"), &[Unreachable]),
        ("one header name without end", |s, _| for_ever(s, OK, "aaaaaaaa"), &[Unreachable]),
        ("a reason without end", |s, _| for_ever(s, "HTTP/1.1 200 ", "aaaaaaaa"), &[Unreachable]),
        ("a folded header without end", |s, _| for_ever(s, "HTTP/1.1 200 OK\r\nx-a: b", "\r\n "), &[Unreachable]),
        ("one header of a megabyte", |s, _| {
            let value = "a".repeat(1 << 20);
            answer(s, &format!("200 OK\r\nx-a: {value}"), TOKEN)
        }, &[Unreachable]),
        ("interim answers without end", |s, _| for_ever(s, "", "HTTP/1.1 100 Continue\r\n\r\n"), &[TimedOut, Unreachable]),
        ("hints without end", |s, _| for_ever(s, "", "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n"), &[TimedOut, Unreachable]),
        ("interim answers that drip", |s, _| dripping(s, "", "HTTP/1.1 102 Processing\r\n\r\n"), &[TimedOut]),
        ("empty lines without end", |s, _| for_ever(s, "", "\r\n"), &[TimedOut, Unreachable]),
        ("a head that drips", |s, _| dripping(s, OK, "x"), &[TimedOut]),
        ("nothing", |s, _| silent(s), &[TimedOut]),
        ("noise", |s, _| for_ever(s, "", "\u{16}\u{3}\u{1}\0"), &[Unreachable]),
        ("another protocol", |s, _| { s.write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")?; dripping(s, "", "x") }, &[Unreachable, Response, Malformed]),
        // The body.
        ("a body without end", |s, _| for_ever(s, "HTTP/1.1 200 OK\r\n\r\n", "aaaaaaaa"), &[TooLarge]),
        ("chunks without end", |s, _| for_ever(s, CHUNKED, "8\r\naaaaaaaa\r\n"), &[TooLarge, TimedOut]),
        ("chunks of one byte without end", |s, _| for_ever(s, CHUNKED, "1\r\na\r\n"), &[TooLarge, TimedOut]),
        ("a body that drips", |s, _| dripping(s, "HTTP/1.1 200 OK\r\n\r\n", " "), &[TimedOut]),
        ("a chunk's extension without end", |s, _| for_ever(s, CHUNKED, "1;aaaaaaaa"), &[Unreachable, TimedOut]),
        ("chunks with extensions without end", |s, _| for_ever(s, CHUNKED, "1;a=bbbbbbbbbbbbbbbbbbbbbbbbbbb\r\na\r\n"), &[Unreachable, TooLarge, TimedOut]),
        ("a chunk's size without end", |s, _| for_ever(s, CHUNKED, "00000000"), &[Unreachable, TimedOut]),
        ("trailers without end", |s, _| for_ever(s, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n14\r\n{\"access_token\":\"a\"}\r\n0\r\n", "x-a: b\r\n"), &[Unreachable]),
        ("trailers that drip", |s, _| dripping(s, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n14\r\n{\"access_token\":\"a\"}\r\n0\r\nx-a: ", "b"), &[TimedOut]),
        ("a chunk that is larger than any machine", |s, _| dripping(s, CHUNKED, "fffffffffffffffff\r\n"), &[Unreachable]),
        ("what claims to be compressed", |s, _| answer(s, "200 OK\r\ncontent-encoding: gzip", "\u{1f}\u{b}\u{8}\0\0\0"), &[Malformed]),
        // Lengths that lie.
        ("a length of nearly everything", |s, _| for_ever(s, "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551613\r\n\r\n", "a"), &[TooLarge]),
        ("a length that no number has", |s, _| dripping(s, "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n", "a"), &[Unreachable]),
        ("a negative length", |s, _| dripping(s, "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "a"), &[Unreachable]),
        ("two lengths", |s, _| { s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\ncontent-length: 5\r\n\r\n{\"access_token\":\"a\"}")?; silent(s) }, &[Unreachable]),
        ("more bytes than the length", |s, _| { s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"access_token\":\"a\"}")?; Ok(()) }, &[Malformed]),
        ("less bytes than the length", |s, _| { s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{\"access_token\":\"a\"}")?; close(s) }, &[Unreachable]),
        ("less bytes than the length, and silence", |s, _| { s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{\"access_token\":\"a\"}")?; silent(s) }, &[TimedOut]),
        ("chunks without the last one", |s, _| { s.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n14\r\n{\"access_token\":\"a\"}\r\n")?; close(s) }, &[Unreachable]),
        // The connection.
        ("closed at once", |s, _| close(s), &[Unreachable]),
        ("closed within the head", |s, _| { s.write_all(b"HTTP/1.1 200 OK\r\nconte")?; close(s) }, &[Unreachable]),
        ("closed after an interim answer", |s, _| { s.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?; close(s) }, &[Unreachable]),
        // Other ways to get at secrets.
        ("a redirect", |s, _| answer(s, "307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/", ""), &[Redirected]),
        ("a redirect to itself", |s, _| answer(s, "308 Permanent Redirect\r\nlocation: /token", ""), &[Redirected]),
        ("a redirect of a kind that does not exist", |s, _| answer(s, "399 Elsewhere\r\nlocation: /token", ""), &[Redirected]),
        ("the request as an error", |s, request| answer(s, "400 Bad Request", &format!("cannot read: {request}")), &[Response]),
        ("the request as an error in JSON", |s, request| {
            answer(s, "401 Unauthorized", &serde_json::json!({"error": request, "error_description": request, request: [request]}).to_string())
        }, &[Response]),
        ("the request as a success", |s, request| answer(s, "200 OK", request), &[Malformed]),
        ("the request as a reason and in headers", |s, request| {
            let line = request.replace("\r\n", " ");
            answer(s, &format!("400 {line}\r\nx-a: {line}\r\nwww-authenticate: Basic realm=\"{line}\""), &line)
        }, &[Response]),
        ("the request as a head that cannot be read", |s, request| { s.write_all(request.as_bytes())?; close(s) }, &[Unreachable]),
        ("the request as a type of token", |s, request| {
            answer(s, "200 OK", &serde_json::json!({"access_token": "a", "token_type": request}).to_string())
        }, &[TokenErrorKind::TokenType]),
        ("JSON a hundred thousand deep", |s, _| answer(s, "200 OK", &"[".repeat(MOST - 1)), &[Malformed]),
        ("a token that no header can have", |s, _| answer(s, "200 OK", "{\"access_token\":\"a\\r\\nx-evil: 1\"}"), &[Malformed]),
    ]
};

fn close(stream: &TcpStream) -> std::io::Result<()> {
    stream.shutdown(std::net::Shutdown::Both)?;
    Err(std::io::ErrorKind::ConnectionAborted.into())
}

fn chain(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}\n");
    let mut next = error.source();
    while let Some(error) = next {
        let _ = writeln!(text, "{error} {error:?} {error:#?}");
        next = error.source();
    }
    text
}

fn shows_no_secret(text: &str) -> Result<(), String> {
    let form: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let in_base64 = BASE64_STANDARD.encode(format!("the-id:{form}"));
    // What stands within the base64 of the pair, wherever a cut leaves it.
    for secret in ["PLANTED", "secret+of", &*form, &in_base64[10..30]] {
        if text.contains(secret) {
            return Err(format!("{secret} in {text}"));
        }
    }
    Ok(())
}

fn scheme(server: &Hostile, auth: ClientAuth) -> OAuth2 {
    let http: HttpClient = HttpClient::builder().build().unwrap();
    OAuth2::client_credentials_as(format!("http://{}/token", server.address), auth)
        .http_client(http.timeout(TIME).max_answer(MOST))
        .build()
        .unwrap()
}

fn cause(error: &AuthError) -> &TokenError {
    error.source().unwrap().downcast_ref().unwrap()
}

/// One thread is all that the client has: what keeps it busy keeps its time limit from having a turn, and this waits.
#[test]
fn whatever_a_token_endpoint_sends_ends_within_the_limits_and_shows_no_secret() {
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        let failures = &failures;
        for some in ATTACKS.chunks(ATTACKS.len().div_ceil(4)) {
            scope.spawn(move || {
                for attack in some {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap();
                    if let Err(why) = runtime.block_on(withstands(attack)) {
                        failures
                            .lock()
                            .unwrap()
                            .push(format!("{}: {why}", attack.0));
                    }
                }
            });
        }
    });
    let failures = failures.lock().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

async fn withstands((_, script, kinds): &(&str, Script, &[TokenErrorKind])) -> Result<(), String> {
    for auth in [
        ClientAuth::basic("the-id", SECRET),
        ClientAuth::post("the-id", SECRET),
    ] {
        let server = Hostile::start(*script);
        let auth = scheme(&server, auth.unwrap());
        let began = tokio::time::Instant::now();
        let error = match auth.token().await {
            Ok(_) => return Err("a token came of it".into()),
            Err(error) => error,
        };
        let took = began.elapsed();
        if took > TIME + LENIENCE {
            return Err(format!("took {took:?}"));
        }
        let kind = cause(&error).kind();
        if !kinds.contains(&kind) {
            return Err(format!("{kind:?}: {error}: {:?}", cause(&error)));
        }
        shows_no_secret(&chain(&error))?;
        let asked = server.requests.load(Ordering::SeqCst);
        // What may work a little later, and is safe to be asked for again, is.
        if asked > 2 {
            return Err(format!("asked {asked} times: {:?}", cause(&error)));
        }
        // Nobody goes on to listen to what nobody waits for.
        drop(auth);
        let deadline = tokio::time::Instant::now() + LENIENCE;
        while server.over.try_recv().is_err() {
            if tokio::time::Instant::now() > deadline {
                return Err("the connection stays open".into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(())
}

/// An answer that came before its question belongs to nobody.
#[tokio::test]
async fn a_second_answer_behind_the_first_is_not_taken_for_that_of_the_next_request() {
    let server = Hostile::start(|stream, _| {
        let good = r#"{"access_token":"good","expires_in":0}"#;
        let evil = r#"{"access_token":"evil","expires_in":0}"#;
        let [good, evil] = [good, evil].map(|body| {
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        });
        stream.write_all(format!("{good}{evil}").as_bytes())
    });
    let auth = scheme(&server, ClientAuth::basic("the-id", SECRET).unwrap());
    for _ in 0..5 {
        assert_eq!(auth.token().await.unwrap().expose(), "good");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
