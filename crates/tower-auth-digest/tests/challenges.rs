//! Odd and weak challenges, and what goes out after them.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::Full;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tower::{Layer, ServiceExt, service_fn};
use tower_auth_core::{SchemeExt, replay::Cloned};
use tower_auth_digest::{Digest, Unanswered};

type Log = Arc<Mutex<Vec<Option<String>>>>;

/// Sends one request for each challenge (empty: the server takes all answers), through one scheme. What `Authorization`
/// was sent each time.
async fn sent(rounds: &[String]) -> Vec<Option<String>> {
    let digest = Digest::new("admin", "pw").unwrap();
    let log = Log::default();
    for challenge in rounds {
        let seen = Arc::clone(&log);
        let challenge = challenge.clone();
        let server = service_fn(move |request: Request<Full<Bytes>>| {
            let header = request.headers().get(AUTHORIZATION);
            let header = header.map(|value| value.to_str().unwrap().to_owned());
            let mut response = Response::new(());
            if header.is_none()
                || header
                    .as_ref()
                    .is_some_and(|h| !challenge.contains(part(h, "nonce")))
            {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let headers = response.headers_mut();
                headers.insert("www-authenticate", challenge.parse().unwrap());
            }
            seen.lock().unwrap().push(header);
            async { Ok::<_, Infallible>(response) }
        });
        let client = digest.clone().replay(Cloned).layer(server);
        let request = Request::get("https://h/a").body(Full::default()).unwrap();
        client.oneshot(request).await.unwrap();
    }
    let sent = log.lock().unwrap();
    sent.clone()
}

fn part<'a>(header: &'a str, name: &str) -> &'a str {
    let (_, rest) = header.split_once(&format!(" {name}=\"")).unwrap();
    rest.split('"').next().unwrap()
}

async fn answer(challenge: &str) -> Option<String> {
    sent(&[challenge.to_owned()]).await.pop().unwrap()
}

#[tokio::test]
async fn an_empty_parameter_is_answered_as_if_it_were_absent() {
    for qop in [
        r#"qop="""#,
        "qop=",
        r#"qop="", opaque="", stale="", userhash="", charset="""#,
    ] {
        let challenge = format!(r#"Digest realm="f", {qop}, nonce="a12", algorithm="MD5""#);
        let header = answer(&challenge).await.expect("it is answered");
        // What curl 7.88 sends.
        assert_eq!(
            part(&header, "response"),
            "57fde61425d656e16fe9772cf4a7f57c",
            "{qop}"
        );
        assert!(
            !header.contains("qop") && !header.contains("opaque"),
            "{header}"
        );
    }
    let header = answer(r#"Digest realm="f", algorithm="", qop="auth", nonce="n""#)
        .await
        .unwrap();
    assert!(!header.contains("algorithm"), "{header}");
}

#[tokio::test]
async fn an_empty_realm_is_a_realm_with_and_without_quotes() {
    for realm in [r#"realm="""#, "realm=", "realm= "] {
        let header = answer(&format!(r#"Digest {realm}, qop="auth", nonce="n""#)).await;
        assert_eq!(part(&header.expect("it is answered"), "realm"), "");
    }
}

#[tokio::test]
async fn a_challenge_that_would_make_requests_too_large_is_not_answered() {
    for parameter in ["nonce", "opaque", "realm"] {
        let rest = ["nonce", "realm"].iter().filter(|name| **name != parameter);
        let rest: String = rest.map(|name| format!(r#"{name}="x", "#)).collect();
        let challenge = format!(r#"Digest {rest}{parameter}="{}""#, "n".repeat(100_000));
        assert_eq!(answer(&challenge).await, None, "{parameter}");
    }
}

const STRONG: &str = r#"Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256"#;

#[tokio::test]
async fn a_realm_that_took_sha_256_is_never_answered_with_less() {
    for weak in [
        r#"Digest realm="r", nonce="n2", algorithm=MD5"#,
        r#"Digest realm="r", nonce="n2", qop="auth", algorithm=MD5, stale=true"#,
        r#"Digest realm="r", nonce="n2", algorithm=SHA-256"#,
    ] {
        let sent = sent(&[STRONG.into(), weak.into(), weak.into()]).await;
        let answers: Vec<_> = sent
            .iter()
            .flatten()
            .map(|header| part(header, "nonce"))
            .collect();
        assert!(answers.contains(&"n1"), "{sent:?}");
        assert!(!answers.contains(&"n2"), "{sent:?}");
    }
}

#[tokio::test]
async fn going_through_another_realm_does_not_make_the_weakening_forgotten() {
    let other = r#"Digest realm="other", nonce="n3", algorithm=MD5"#;
    let weak = r#"Digest realm="r", nonce="n2", algorithm=MD5"#;
    let sent = sent(&[STRONG.into(), other.into(), weak.into()]).await;
    let answers: Vec<_> = sent
        .iter()
        .flatten()
        .map(|header| part(header, "nonce"))
        .collect();
    assert!(
        answers.contains(&"n3") && !answers.contains(&"n2"),
        "{sent:?}"
    );
}

#[tokio::test]
async fn a_stronger_challenge_is_answered_at_any_time() {
    let weak = r#"Digest realm="r", nonce="n2", algorithm=MD5"#;
    let sent = sent(&[weak.into(), STRONG.into()]).await;
    assert_eq!(part(sent.last().unwrap().as_ref().unwrap(), "nonce"), "n1");
}

#[tokio::test]
async fn whoever_is_left_with_a_401_can_ask_why_its_challenge_was_not_answered() {
    let long = format!(r#"Digest realm="r", nonce="{}""#, "n".repeat(5000));
    let weak = r#"Digest realm="r", nonce="n2", qop="auth", algorithm=MD5"#;
    let digest = Digest::new("admin", "pw").unwrap();
    let ask = async |digest: &Digest, host: &str, challenge: &str| {
        let uri: http::Uri = format!("https://{host}/a").parse().unwrap();
        let challenge = challenge.to_owned();
        let server = service_fn(move |request: Request<Full<Bytes>>| {
            let header = request.headers().get(AUTHORIZATION).cloned();
            // Takes what is of SHA-256, and nothing else.
            let good = header.is_some_and(|header| header.to_str().unwrap().contains("SHA-256"));
            let mut response = Response::new(());
            if !good {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let headers = response.headers_mut();
                headers.insert("www-authenticate", challenge.parse().unwrap());
            }
            async { Ok::<_, Infallible>(response) }
        });
        let client = digest.clone().replay(Cloned).layer(server);
        let request = Request::get(&uri).body(Full::default()).unwrap();
        let response = client.oneshot(request).await.unwrap();
        (response.status(), digest.unanswered(&uri, &response))
    };
    let refused = |why| (StatusCode::UNAUTHORIZED, why);
    assert_eq!(ask(&digest, "h", STRONG).await, (StatusCode::OK, None));
    // The session is forgotten by the server, which asks again, for less.
    let fresh = digest.clone();
    assert_eq!(
        ask(&fresh, "h:8443", weak).await,
        refused(None),
        "only the password is wrong"
    );
    assert_eq!(
        ask(&fresh, "i", &long).await,
        refused(Some(Unanswered::TooLong))
    );
    let odd = r#"Digest realm="r", nonce="n", algorithm=SHA3-512"#;
    assert_eq!(
        ask(&fresh, "i", odd).await,
        refused(Some(Unanswered::Unsupported))
    );
    assert_eq!(ask(&fresh, "i", r#"Basic realm="r""#).await, refused(None));
    let strict = fresh.clone().without_md5();
    assert_eq!(
        ask(&strict, "i", weak).await,
        refused(Some(Unanswered::Unsupported))
    );
    // One that cannot be answered costs only itself.
    let both = format!("{odd}, {STRONG}");
    assert_eq!(ask(&fresh, "j", &both).await, (StatusCode::OK, None));

    let response = Response::builder()
        .status(401)
        .header("www-authenticate", weak);
    let response = response.body(()).unwrap();
    let uri = http::Uri::from_static("https://h/other");
    assert_eq!(digest.unanswered(&uri, &response), Some(Unanswered::Weaker));
    let elsewhere = http::Uri::from_static("https://elsewhere/");
    assert_eq!(digest.unanswered(&elsewhere, &response), None);
    assert!(!Unanswered::Weaker.to_string().contains('\n'));
}
