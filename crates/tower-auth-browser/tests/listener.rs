//! The listener, by bytes.

mod support;

use std::{
    net::{IpAddr, Ipv6Addr, UdpSocket},
    time::Duration,
};
use support::{Outcome, builder, connect, connect_at, get, listener, telling, visit, wait};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, sleep, timeout},
};
use tower_auth_browser::{Browser, BrowserErrorKind, DisplaySettings, Visit};

#[tokio::test]
async fn the_page_is_opened_and_its_answer_taken_at_both_loopback_addresses() {
    for address in ["127.0.0.1", "::1"] {
        let (opener, told) = telling();
        let waiting = wait(builder().opener(opener)).await;
        let page = "https://as.example/authorize?client_id=c&state=5f3c";
        assert_eq!(told.await.unwrap(), page);
        let redirect = format!("http://localhost:{}/", waiting.port);
        assert_eq!(waiting.redirect_uri, redirect);
        let Ok(mut stream) = connect_at(address.parse().unwrap(), waiting.port).await else {
            assert_eq!(address, "::1", "every machine has 127.0.0.1");
            continue;
        };
        let request = get(waiting.port, "/?code=a%2Bb+c&state=5f3c");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        assert!(page.contains("You are authenticated"), "{page}");
        for header in [
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "connection: close",
        ] {
            assert!(page.contains(header), "{header}: {page}");
        }
        assert_eq!(waiting.outcome.await.unwrap().unwrap(), "a+b c");
    }
}

#[tokio::test]
async fn nothing_is_listened_on_that_another_machine_reaches() {
    let waiting = wait(builder()).await;
    // The address that this machine has for others; nothing is sent for it.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    if socket.connect("192.0.2.1:9").is_ok() {
        let own = socket.local_addr().unwrap().ip();
        if !own.is_loopback() && !own.is_unspecified() {
            assert!(
                connect_at(own, waiting.port).await.is_err(),
                "{own} answers"
            );
        }
    }
    // The whole of 127.0.0.0/8 is this machine: only what was bound answers.
    let other = connect_at("127.0.0.2".parse().unwrap(), waiting.port).await;
    assert!(other.is_err(), "bound to more than 127.0.0.1");
    #[cfg(target_os = "linux")]
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        let Ok(table) = std::fs::read_to_string(table) else {
            continue;
        };
        let port = format!(":{:04X}", waiting.port);
        for line in table.lines().filter(|line| line.contains(" 0A ")) {
            let local = line.split_whitespace().nth(1).unwrap();
            let loopback = ["0100007F", "00000000000000000000000001000000"];
            if let Some(address) = local.strip_suffix(&*port) {
                assert!(loopback.contains(&address), "{local}");
            }
        }
    }
    assert_eq!(waiting.come_back().await, "C1");
}

#[tokio::test]
async fn whatever_is_no_callback_is_answered_and_forgotten() {
    let waiting = wait(builder()).await;
    let port = waiting.port;
    for (request, status) in [
        (get(port, "/favicon.ico"), "200"),
        (get(port, "/apple-touch-icon.png"), "404"),
        (get(port, "/other?code=X&state=5f3c"), "404"),
        (get(port, "/?code=X&state=wrong"), "400"),
        (get(port, "/?code=X"), "400"),
        (get(port, "/?code=X&state=5f3c&state=5f3c"), "400"),
        (get(port, "/?state=5f3c"), "400"),
        (
            format!("HEAD /?code=X&state=5f3c HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"),
            "405",
        ),
        (
            format!("OPTIONS / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"),
            "405",
        ),
        (
            format!("PUT /?code=X&state=5f3c HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"),
            "405",
        ),
        (
            format!("GET /?code=X&state=5f3c HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n"),
            "421",
        ),
        (
            format!(
                "GET http://evil.example/?code=X&state=5f3c HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
            ),
            "421",
        ),
        ("GET /?code=X&state=5f3c HTTP/1.0\r\n\r\n".to_owned(), "421"),
        (
            "GET /?code=X&state=5f3c HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
            "421",
        ),
        ("\u{16}\u{3}\u{1} no HTTP at all\r\n\r\n".to_owned(), "400"),
        ("GET /?code=X&state=5f3c HTTP/9.9\r\n\r\n".to_owned(), "400"),
        (get(port, &format!("/?code={}", "x".repeat(70_000))), "4"),
    ] {
        let answer = waiting.raw(request.as_bytes()).await;
        let start = request.get(..60).unwrap_or(&request);
        assert!(
            answer.is_empty() && status == "400" || answer.contains(&format!(" {status}")),
            "{start}: {answer}"
        );
    }
    assert_eq!(waiting.come_back().await, "C1");
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_not_answered_as_this_machine() {
    let waiting = wait(builder().domain("login.example")).await;
    let port = waiting.port;
    let to = |host: &str| format!("GET /?code=C1&state=5f3c HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let rebound = waiting
        .raw(to(&format!("rebind.example:{port}")).as_bytes())
        .await;
    assert!(rebound.starts_with("HTTP/1.1 421 "), "{rebound}");
    let ours = waiting
        .raw(to(&format!("Login.Example:{port}")).as_bytes())
        .await;
    assert!(ours.starts_with("HTTP/1.1 200 "), "{ours}");
    assert_eq!(waiting.outcome.await.unwrap().unwrap(), "C1");
}

#[tokio::test]
async fn two_hundred_idle_connections_and_slow_ones_keep_nobody_waiting() {
    let waiting = wait(builder()).await;
    let mut idle = Vec::new();
    for number in 0..200 {
        let mut stream = connect(waiting.port).await.unwrap();
        if number % 2 == 0 {
            // It never ends its request.
            let _ = stream
                .write_all(b"GET /?code=X HTTP/1.1\r\nHost: loc")
                .await;
        }
        idle.push(stream);
    }
    let started = Instant::now();
    assert_eq!(waiting.come_back().await, "C1");
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    // All of them are closed with the listener.
    for mut stream in idle {
        let mut rest = Vec::new();
        let read = timeout(Duration::from_secs(2), stream.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "a connection is still open");
    }
}

#[tokio::test]
async fn bodies_without_end_keep_nobody_waiting() {
    let waiting = wait(builder()).await;
    let port = waiting.port;
    let mut endless = Vec::new();
    for _ in 0..80 {
        let mut stream = connect(port).await.unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 60000\r\n\r\ncode=X"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        endless.push(stream);
    }
    let body = "x".repeat(70_000);
    let large = waiting.post("/", &body).await;
    assert!(
        large.is_empty() || large.starts_with("HTTP/1.1 413 "),
        "{large}"
    );
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: localhost:{port}\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n{body}\r\n0\r\n\r\n"
    );
    let chunked = waiting.raw(chunked.as_bytes()).await;
    assert!(
        chunked.is_empty() || chunked.starts_with("HTTP/1.1 413 "),
        "{chunked}"
    );
    assert_eq!(waiting.come_back().await, "C1");
}

#[tokio::test]
async fn a_fragment_is_fetched_by_a_page_and_posted() {
    let waiting = wait(builder().endpoint("back/here")).await;
    let page = waiting.get("/back/here").await;
    assert!(
        page.starts_with("HTTP/1.1 200 ") && page.contains("location.hash"),
        "{page}"
    );
    assert!(
        page.contains("form-action 'self'") && page.contains("script-src 'sha256-"),
        "{page}"
    );
    assert!(
        page.contains("history.replaceState"),
        "the token stays in the address: {page}"
    );
    let page = waiting.post("/back/here", "code=C1&state=5f3c").await;
    assert!(page.contains("You are authenticated"), "{page}");
    assert_eq!(waiting.outcome.await.unwrap().unwrap(), "C1");
}

#[tokio::test]
async fn a_fragment_behind_a_query_of_the_redirect_uri_is_fetched_too() {
    let waiting = wait(builder().endpoint("back?tenant=1")).await;
    let page = waiting.get("/back?tenant=1").await;
    assert!(
        page.starts_with("HTTP/1.1 200 ") && page.contains("location.hash"),
        "{page}"
    );
    let page = waiting.get("/back?tenant=1&code=C1&state=5f3c").await;
    assert!(page.contains("You are authenticated"), "{page}");
    assert_eq!(waiting.outcome.await.unwrap().unwrap(), "C1");
}

#[tokio::test]
async fn nothing_of_a_request_is_shown_unescaped() {
    const EVIL: &str = "<script>alert(1)</script>";
    let evil = "%3Cscript%3Ealert(1)%3C/script%3E";
    let waiting = wait(builder()).await;
    for target in [
        format!("/?code={evil}"),
        format!("/{evil}"),
        format!("/?{evil}={evil}&error={evil}"),
    ] {
        let page = waiting.get(&target).await;
        assert!(
            !page.contains(EVIL) && !page.contains("%3Cscript"),
            "{page}"
        );
    }
    let page = waiting
        .get(&format!("/?state=5f3c&error={evil}%0Ax%22%27"))
        .await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;<br>x&quot;&#39;"),
        "{page}"
    );
    assert!(!page.contains(EVIL), "{page}");
    assert!(matches!(waiting.error().await, Outcome::Refused(_)));
}

#[tokio::test]
async fn own_pages_get_their_values_and_a_policy_for_scripts_of_their_own() {
    let pages = DisplaySettings::new()
        .success_display_time(Duration::from_millis(7))
        .success_html("SUCCESS display_time={display_time}")
        .failure_html("FAILURE display_time={display_time} information={information}");
    let waiting = wait(builder().display(pages.clone())).await;
    let page = waiting.get("/?code=C&state=5f3c").await;
    assert!(page.ends_with("\r\n\r\nSUCCESS display_time=7"), "{page}");
    assert!(page.contains("script-src 'unsafe-inline'"), "{page}");
    let waiting = wait(builder().display(pages)).await;
    let page = waiting.get("/?error=access_denied&state=5f3c").await;
    assert!(
        page.ends_with("FAILURE display_time=10000 information=access_denied"),
        "{page}"
    );
}

#[tokio::test]
async fn of_two_answers_the_first_counts_and_the_second_hears_that_it_is_over() {
    let waiting = wait(builder()).await;
    let port = waiting.port;
    let both = [
        get(port, "/?code=C1&state=5f3c"),
        get(port, "/?code=C2&state=5f3c"),
    ];
    let (first, second) = tokio::join!(waiting.raw(both[0].as_bytes()), async {
        // It may find the port closed.
        support::raw(port, both[1].as_bytes())
            .await
            .unwrap_or_default()
    });
    let code = waiting.outcome.await.unwrap().unwrap();
    let (won, lost) = if code == "C1" {
        (first, second)
    } else {
        (second, first)
    };
    assert!(won.contains("You are authenticated"), "{won}");
    assert!(
        lost.is_empty() || lost.starts_with("HTTP/1.1 410 "),
        "{lost}"
    );
}

#[tokio::test]
async fn two_codes_in_one_answer_are_for_the_caller_to_refuse() {
    let waiting = wait(builder()).await;
    let page = waiting.get("/?code=C1&code=C2&state=5f3c").await;
    assert!(page.contains("two codes"), "{page}");
    assert!(matches!(waiting.error().await, Outcome::Refused(why) if why == "two codes"));
}

#[tokio::test]
async fn one_limit_of_time_counts_whatever_comes_in_between() {
    let limit = Duration::from_millis(600);
    let waiting = wait(builder().timeout(limit)).await;
    let port = waiting.port;
    let started = Instant::now();
    let noise = tokio::spawn(async move {
        loop {
            let _ = support::raw(port, get(port, "/favicon.ico").as_bytes()).await;
            sleep(Duration::from_millis(20)).await;
        }
    });
    let error = waiting.error().await;
    noise.abort();
    assert_eq!(error.kind(), BrowserErrorKind::TimedOut);
    assert!(error.to_string().contains("within 0.6 s"), "{error}");
    assert!(started.elapsed() < limit * 4, "{:?}", started.elapsed());
    assert!(connect(port).await.is_err(), "it still listens");
}

#[tokio::test]
async fn a_port_that_another_program_has_is_passed_over_or_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = builder()
        .port(port)
        .build()
        .unwrap()
        .listen()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), BrowserErrorKind::PortTaken);
    assert!(
        error.to_string().contains(&format!("port {port} ")),
        "{error}"
    );
    assert!(error.to_string().contains("any_port"), "{error}");
    let listener = listener(builder().ports([port, 0])).await;
    assert_ne!(listener.port(), port);
    drop(taken);
    assert_eq!(
        builder()
            .port(port)
            .build()
            .unwrap()
            .listen()
            .await
            .unwrap()
            .port(),
        port
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_come_for_one_port_at_the_same_moment_get_it_one_after_the_other() {
    let port = listener(builder()).await.port();
    for _ in 0..50 {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let browser = builder().port(port).build().unwrap();
            all.spawn(async move { browser.listen().await.map(drop) });
        }
        while let Some(listened) = all.join_next().await {
            listened.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_port_of_our_own_is_waited_for_beside_one_that_another_program_has() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = listener(builder()).await;
    let ports = [other.local_addr().unwrap().port(), ours.port()];
    let limit = Duration::from_millis(50);
    let impatient = builder().ports(ports).timeout(limit).build().unwrap();
    let error = impatient.listen().await.unwrap_err();
    assert_eq!(error.kind(), BrowserErrorKind::TimedOut);
    drop(ours);
    assert_eq!(impatient.listen().await.unwrap().port(), ports[1]);
}

#[tokio::test]
async fn a_port_taken_at_ipv6_only_is_taken() {
    let Ok(taken) = tokio::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
        return; // a machine without IPv6
    };
    let port = taken.local_addr().unwrap().port();
    let error = builder()
        .port(port)
        .build()
        .unwrap()
        .listen()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), BrowserErrorKind::PortTaken);
    let at_v4 = connect_at(IpAddr::from([127, 0, 0, 1]), port).await;
    assert!(at_v4.is_err(), "half of it was left listening");
}

#[tokio::test]
async fn a_port_of_our_own_is_waited_for() {
    let first = listener(builder()).await;
    let port = first.port();
    let second = builder().port(port).build().unwrap();
    let waiting =
        tokio::spawn(async move { second.listen().await.map(|listener| listener.port()) });
    sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    assert_eq!(visit(first).come_back().await, "C1");
    assert_eq!(waiting.await.unwrap().unwrap(), port);
    let held = listener(builder()).await;
    let impatient = builder()
        .port(held.port())
        .timeout(Duration::from_millis(50));
    let error = impatient.build().unwrap().listen().await.unwrap_err();
    assert_eq!(error.kind(), BrowserErrorKind::TimedOut);
    let text = error.to_string();
    assert!(
        text.contains("this program listens") && text.contains("any_port"),
        "{text}"
    );
}

#[tokio::test]
async fn dropping_a_visit_closes_everything() {
    let waiting = wait(builder()).await;
    let mut open = connect(waiting.port).await.unwrap();
    sleep(Duration::from_millis(20)).await;
    waiting.outcome.abort();
    assert!(waiting.outcome.await.unwrap_err().is_cancelled());
    let mut rest = Vec::new();
    let read = timeout(Duration::from_secs(2), open.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the connection is still open");
    assert!(connect(waiting.port).await.is_err());
}

#[tokio::test]
async fn it_listens_before_the_page_is_opened() {
    for _ in 0..100 {
        let opener = |visit: &Visit| {
            use std::io::{Read as _, Write as _};
            let port: u16 = visit
                .redirect_uri()
                .split([':', '/'])
                .nth(4)
                .unwrap()
                .parse()
                .unwrap();
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
            stream.write_all(get(port, "/?code=C1&state=5f3c").as_bytes())?;
            stream.read_to_string(&mut String::new()).map(drop)
        };
        let waiting = wait(builder().opener(opener)).await;
        assert_eq!(waiting.outcome.await.unwrap().unwrap(), "C1");
    }
}

#[tokio::test]
async fn a_redirect_uri_elsewhere_is_answered_under_its_name() {
    let waiting = wait(builder().redirect_uri("https://login.example/back")).await;
    assert_eq!(waiting.redirect_uri, "https://login.example/back");
    let page = waiting
        .raw(b"GET /back?code=C1&state=5f3c HTTP/1.1\r\nHost: login.example\r\n\r\n")
        .await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert_eq!(waiting.outcome.await.unwrap().unwrap(), "C1");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |builder: tower_auth_browser::BrowserBuilder| {
        builder.build().unwrap_err().parameter().unwrap().to_owned()
    };
    assert_eq!(refused(Browser::builder().ports([])), "ports");
    assert_eq!(
        refused(Browser::builder().timeout(Duration::ZERO)),
        "timeout"
    );
    for domain in ["", "a b", "user@host", "a/b#c"] {
        assert_eq!(
            refused(Browser::builder().domain(domain)),
            "redirect_uri",
            "{domain}"
        );
    }
    for endpoint in ["zurück", "{tenant}", "a/../b"] {
        assert_eq!(
            refused(Browser::builder().endpoint(endpoint)),
            "redirect_uri",
            "{endpoint}"
        );
    }
    for whole in [
        "ftp://localhost/",
        "/back",
        "http://localhost/#x",
        "http://localhost:5000/favicon.ico",
    ] {
        assert_eq!(
            refused(Browser::builder().redirect_uri(whole)),
            "redirect_uri",
            "{whole}"
        );
    }
}
