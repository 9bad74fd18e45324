//! URLs that carry their signature, used by a client without credentials.

use crate::support::{REGION, Server, credentials, http, read, request, spelled};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use std::time::Duration;
use tower_auth_aws::Signer;
use tower_auth_core::Clock;

#[tokio::test]
async fn whoever_has_the_url_may_do_what_it_says_and_nothing_else() {
    let server = Server::start().await;
    let signer = Signer::new("s3", REGION).unwrap();
    let now = Clock::system().now();
    let presign = |method: &str, path: &str| {
        let request = request(method, server.uri(path), ());
        let presigned =
            signer.presign(&credentials(), now, Duration::from_secs(60), &request, None);
        presigned.unwrap().into_parts().0
    };
    for key in ["plain.txt", "a b/ü+%//x", "sub-delims!$&'()*,;=:@"] {
        let put = presign("PUT", &spelled(key));
        let put = request("PUT", put, Full::new(Bytes::from("text")));
        let (status, text) = read(http().request(put).await.unwrap()).await;
        assert_eq!(status, StatusCode::OK, "PUT {key}: {text:?}");
        let query = "?response-content-type=text%2Fplain";
        let get = presign("GET", &format!("{}{query}", spelled(key)));
        let (status, text) = read(
            http()
                .request(request("GET", get.clone(), Full::<Bytes>::default()))
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(
            (status, &text[..]),
            (StatusCode::OK, &b"text"[..]),
            "GET {key}"
        );

        let delete = request("DELETE", get.clone(), Full::<Bytes>::default());
        let (status, _) = read(http().request(delete).await.unwrap()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "another method");
        let other = get.to_string().replace("plain", "plane").parse().unwrap();
        let (status, _) = read(
            http()
                .request(request("GET", other, Full::<Bytes>::default()))
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(status, StatusCode::FORBIDDEN, "another parameter");
    }
}

#[tokio::test]
async fn a_url_that_has_expired_is_refused() {
    let server = Server::start().await;
    let signer = Signer::new("s3", REGION).unwrap();
    let before = Clock::system().now() - Duration::from_secs(120);
    let get = request("GET", server.uri("/bucket/key"), ());
    let url = signer
        .presign(&credentials(), before, Duration::from_secs(60), &get, None)
        .unwrap()
        .into_parts()
        .0;
    let (status, _) = read(
        http()
            .request(request("GET", url, Full::<Bytes>::default()))
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
