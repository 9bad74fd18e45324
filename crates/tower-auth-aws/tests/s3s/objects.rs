//! PUT, GET, LIST, DELETE, with keys of every kind.

use crate::support::{REGION, Server, credentials, http, read, request, spelled};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};
use tower_auth_aws::{Credentials, PayloadHash, SigV4};
use tower_auth_core::{HeaderApiKey, QueryApiKey, SchemeExt};

const KEYS: [&str; 12] = [
    "plain.txt",
    "with space",
    "two  spaces ",
    "ünïcödé/日本語",
    "plus+plus",
    "per%cent%20",
    "a//b",
    "dots/.hidden..x/...",
    "sub-delims!$&'()*,;=:@",
    "tilde~under_score",
    "quote\"back`tick",
    "emoji😀",
];

#[tokio::test]
async fn every_key_goes_there_and_back() {
    let server = Server::start().await;
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let mut client = scheme.only_to(&server.origin).unwrap().layer(http());
    for key in KEYS {
        let body = Full::new(Bytes::from(format!("content of {key}")));
        let put = request("PUT", server.uri(&spelled(key)), body);
        let (status, text) = read(client.call(put).await.unwrap()).await;
        assert_eq!(status, StatusCode::OK, "PUT {key}: {text:?}");
        let get = request("GET", server.uri(&spelled(key)), Full::default());
        let (status, text) = read(client.call(get).await.unwrap()).await;
        assert_eq!(status, StatusCode::OK, "GET {key}: {text:?}");
        assert_eq!(text, format!("content of {key}"));
    }
    let list = server.uri("/bucket?list-type=2&prefix=&delimiter=%2F&encoding-type=url");
    let (status, text) = read(
        client
            .call(request("GET", list, Full::default()))
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(status, StatusCode::OK, "LIST: {text:?}");
    assert!(String::from_utf8_lossy(&text).contains("plain.txt"));
    for key in KEYS {
        let delete = request("DELETE", server.uri(&spelled(key)), Full::default());
        let (status, text) = read(client.call(delete).await.unwrap()).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "DELETE {key}: {text:?}");
        let get = request("GET", server.uri(&spelled(key)), Full::default());
        let (status, _) = read(client.call(get).await.unwrap()).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{key}");
    }
}

/// The server recomputes the path from the decoded key. A signature over the wire path would be refused.
#[tokio::test]
async fn a_path_and_query_spelled_in_another_way_are_signed_as_the_server_spells_them() {
    let server = Server::start().await;
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let mut client = scheme.layer(http());
    for path in [
        "/bucket/lower%c3%bc",
        "/bucket/over%41%7E",
        "/bucket/colon:at@plus+",
        "/bucket/slash%2Fin%2fkey",
    ] {
        for method in ["PUT", "GET"] {
            let request = request(method, server.uri(path), Full::new(Bytes::from("text")));
            let (status, text) = read(client.call(request).await.unwrap()).await;
            assert_eq!(status, StatusCode::OK, "{method} {path}: {text:?}");
        }
    }
    for query in [
        "list-type=2&prefix=a+b",
        "&prefix=x&&list-type=2",
        "prefix=%7e&list-type=2",
    ] {
        let uri = server.uri(&format!("/bucket?{query}"));
        let (status, text) = read(
            client
                .call(request("GET", uri, Full::default()))
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(status, StatusCode::OK, "{query}: {text:?}");
    }
}

#[tokio::test]
async fn headers_are_signed_as_the_server_reads_them() {
    let server = Server::start().await;
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let client = scheme.layer(http());
    let mut request = request(
        "PUT",
        server.uri("/bucket/headers"),
        Full::new(Bytes::from("text")),
    );
    for (name, value) in [
        ("x-amz-meta-spaces", "  a   b\t\tc  "),
        ("x-twice", "z"),
        ("x-twice", "a"),
        ("x-amz-meta-empty", ""),
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "max-age=0"),
        ("user-agent", "not signed"),
    ] {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let (status, text) = read(client.oneshot(request).await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text:?}");
}

#[tokio::test]
async fn keys_of_a_sum_are_covered_by_the_signature() {
    let server = Server::start().await;
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let sum = scheme + HeaderApiKey::new("app-key").unwrap() + QueryApiKey::new("k/ey").unwrap();
    let client = sum.layer(http());
    let put = request(
        "PUT",
        server.uri("/bucket/sum"),
        Full::new(Bytes::from("text")),
    );
    let (status, text) = read(client.oneshot(put).await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text:?}");
    assert_eq!(server.stored("sum"), b"text");
}

#[tokio::test]
async fn bodies_need_not_be_read() {
    let server = Server::start().await;
    let scheme = SigV4::new("s3", REGION, credentials()).unwrap();
    let unsigned = scheme.clone().unsigned_payload().layer(http());
    let put = request(
        "PUT",
        server.uri("/bucket/unsigned"),
        Full::new(Bytes::from("text")),
    );
    let (status, text) = read(unsigned.oneshot(put).await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text:?}");

    let declared = scheme.declared_hash().layer(http());
    let mut put = request(
        "PUT",
        server.uri("/bucket/declared"),
        Full::new(Bytes::from("text")),
    );
    put.extensions_mut().insert(PayloadHash::of(b"text"));
    let (status, text) = read(declared.clone().oneshot(put).await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text:?}");
    let mut put = request(
        "PUT",
        server.uri("/bucket/lie"),
        Full::new(Bytes::from("text")),
    );
    put.extensions_mut().insert(PayloadHash::of(b"another"));
    let (status, _) = read(declared.oneshot(put).await.unwrap()).await;
    assert!(!status.is_success(), "{status}"); // s3s answers 500
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let server = Server::start().await;
    let wrong = Credentials::new(crate::support::ID, "another secret").unwrap();
    let client = SigV4::new("s3", REGION, wrong).unwrap().layer(http());
    let put = request(
        "PUT",
        server.uri("/bucket/key"),
        Full::new(Bytes::from("text")),
    );
    let (status, text) = read(client.oneshot(put).await.unwrap()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        String::from_utf8_lossy(&text).contains("SignatureDoesNotMatch"),
        "{text:?}"
    );
}
