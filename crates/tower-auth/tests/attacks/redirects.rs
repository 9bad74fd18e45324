//! Redirects to every sort of neighbour: credentials stay at home, and are there whenever the client is.

use crate::net::{Net, Place, Sent, ok};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};
use tower_auth::{Basic, HeaderApiKey, QueryApiKey, SchemeExt};
use tower_http::follow_redirect::FollowRedirectLayer;

type Body = Full<Bytes>;

const SECRET: &str = "planted";
const IN_BASE64: &str = "dTpwbGFudGVk"; // u:planted
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// What a server at `home` may say where to go on, and whether that is home.
fn targets(secure: bool) -> Vec<(String, bool)> {
    let (scheme, other, port) = if secure {
        ("https", "http", 443)
    } else {
        ("http", "https", 80)
    };
    [
        // Home, in other words.
        ("/next".to_owned(), true),
        ("next?a=b".to_owned(), true),
        ("?a=b".to_owned(), true),
        (format!("{scheme}://home.example/next"), true),
        (format!("{scheme}://home.example:{port}/next"), true),
        (format!("{scheme}://HOME.Example/next"), true),
        ("//home.example/next".to_owned(), true),
        ("/../next".to_owned(), true),
        // Elsewhere.
        (format!("{other}://home.example/next"), false),
        (format!("{other}://home.example:{port}/next"), false),
        (format!("{scheme}://home.example:8080/next"), false),
        (format!("{scheme}://other.example/next"), false),
        (format!("{scheme}://sub.home.example/next"), false),
        (format!("{scheme}://example/next"), false),
        (format!("{scheme}://home.example./next"), false),
        (format!("{scheme}://home.example.other.example/next"), false),
        (format!("{scheme}://home.example@other.example/next"), false),
        (
            format!("{scheme}://home.example:{port}@other.example/next"),
            false,
        ),
        (format!("{scheme}://u:p@other.example/home.example"), false),
        (format!("{scheme}://127.0.0.1/next"), false),
        (format!("{scheme}://localhost/next"), false),
        (format!("{scheme}://[::1]/next"), false),
        ("//other.example/next".to_owned(), false),
        ("/\\other.example/next".to_owned(), false),
        ("\\\\other.example/next".to_owned(), false),
        (format!("{scheme}:\\\\other.example/next"), false),
        (format!("{scheme}:///other.example/next"), false),
        (
            format!("{scheme}://home.example\\@other.example/next"),
            false,
        ),
        (format!("{scheme}://other.example#@home.example/"), false),
        (format!("{scheme}://other.example?@home.example/"), false),
    ]
    .into()
}

/// A net where `/from` leads on, and everything else is the end.
fn net(status: u16, location: &str) -> Net {
    let location = location.to_owned();
    Net::new(move |_, target| {
        if target.contains("/from") && !target.contains("a=b") {
            format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
        } else {
            ok()
        }
    })
}

/// Each of the three credentials.
fn credentials(sent: &Sent) -> [bool; 3] {
    let target = sent.head.lines().next().unwrap_or_default();
    [
        sent.header("authorization")
            .is_some_and(|value| value.contains(IN_BASE64)),
        sent.header("x-api-key") == Some(SECRET),
        target.contains(SECRET),
    ]
}

/// What a run came to, for a count that shows that the matrix is one.
#[derive(Debug, Default)]
struct Seen {
    runs: usize,
    followed_home: usize,
    followed_elsewhere: usize,
}

impl Seen {
    fn judge(&mut self, sent: &[Sent], home: &Place, to: &str, is_home: bool) {
        self.runs += 1;
        let first = &sent[0];
        assert_eq!(&first.place, home, "{to}");
        assert_eq!(credentials(first), [true; 3], "{to}: {first:?}");
        for (index, next) in sent.iter().enumerate().skip(1) {
            if next.place == *home {
                assert_eq!(credentials(next), [true; 3], "{to}: {next:?}");
                self.followed_home += 1;
            } else {
                assert!(!is_home, "{to}: {next:?}");
                assert!(!next.head.contains(SECRET), "{to} got them: {next:?}");
                assert!(!next.head.contains(IN_BASE64), "{to} got them: {next:?}");
                self.followed_elsewhere += 1;
            }
            assert!(index == 1, "{to}: goes on and on");
        }
    }
}

/// `/from` at home, which is followed above the credentials.
async fn follow<S, R>(client: S, home: &Place, method: &Method)
where
    S: Service<Request<Body>, Response = Response<R>, Error: Into<BoxError> + std::fmt::Debug>
        + Clone,
{
    let scheme = if home.secure { "https" } else { "http" };
    let origin = format!("{scheme}://{}", home.host);
    let sum = Basic::new("u", SECRET).unwrap()
        + HeaderApiKey::new(SECRET).unwrap()
        + QueryApiKey::new(SECRET).unwrap();
    let scoped = if home.secure {
        sum.only_to(origin.as_str())
    } else {
        sum.danger_allow_plaintext().only_to(origin.as_str())
    };
    let client = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .service(scoped.unwrap().layer(client));
    let request = Request::builder()
        .method(method)
        .uri(format!("{origin}/from"))
        .body(Body::default())
        .unwrap();
    // Where it leads may be nowhere.
    let _ = client.oneshot(request).await;
}

#[tokio::test]
async fn over_hyper_no_redirect_takes_credentials_elsewhere_and_every_one_at_home_has_them() {
    let mut seen = Seen::default();
    for secure in [true, false] {
        let home = Place::new(secure, "home.example", if secure { 443 } else { 80 });
        for status in STATUSES {
            for (to, is_home) in targets(secure) {
                for method in [Method::GET, Method::POST] {
                    let net = net(status, &to);
                    let client: Client<_, Body> =
                        Client::builder(TokioExecutor::new()).build(net.clone());
                    follow(client, &home, &method).await;
                    seen.judge(&net.take(), &home, &to, is_home);
                }
            }
        }
    }
    assert_eq!(seen.runs, 2 * 5 * 30 * 2);
    assert!(seen.followed_home >= 2 * 5 * 7 * 2, "{seen:?}");
    assert!(seen.followed_elsewhere >= 2 * 5 * 13 * 2, "{seen:?}");
}

/// Through a proxy, which sees what goes over http. What would go over https is seen to be asked for, and not more.
#[cfg(feature = "reqwest")]
#[tokio::test]
async fn over_reqwest_no_redirect_takes_credentials_elsewhere_and_every_one_at_home_has_them() {
    use tower_auth::reqwest_client::{NormalizeUri, ReqwestService};
    let home = Place::new(false, "home.example", 80);
    let mut seen = Seen::default();
    for follows_itself in [false, true] {
        for status in STATUSES {
            for (to, is_home) in targets(false) {
                for method in [Method::GET, Method::POST] {
                    let net = net(status, &to);
                    let proxy = format!("http://{}", net.proxy().await);
                    // What the builder says of redirects does not count.
                    let policy = if follows_itself {
                        ::reqwest::redirect::Policy::limited(5)
                    } else {
                        ::reqwest::redirect::Policy::none()
                    };
                    let builder = ::reqwest::Client::builder()
                        .proxy(::reqwest::Proxy::all(proxy).unwrap())
                        .redirect(policy);
                    let client = NormalizeUri::new().layer(ReqwestService::new(builder).unwrap());
                    follow(client, &home, &method).await;
                    seen.judge(&net.take(), &home, &to, is_home);
                }
            }
        }
    }
    assert_eq!(seen.runs, 2 * 5 * 30 * 2);
    assert!(seen.followed_home >= 2 * 5 * 6 * 2, "{seen:?}");
    assert!(seen.followed_elsewhere >= 2 * 5 * 11 * 2, "{seen:?}");
}
