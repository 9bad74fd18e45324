//! Drives an S3 server that somebody else wrote: `interop/aws-s3` starts them.
//!
//!     S3_ENDPOINT=http://127.0.0.1:9000 S3_ID=… S3_SECRET=… aws_interop [presigned] [chunked] [odd-keys]
//!
//! `aws_interop trailers` alone sends bodies in chunks with checksums behind them, and what must be refused.

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{env, error::Error, time::Duration};
use tower::{Layer, ServiceExt};
use tower_auth_aws::{Checksum, ChunkSigned, Chunked, Credentials, SigV4, Signer};
use tower_auth_core::{Clock, SchemeExt};

type BoxError = Box<dyn Error + Send + Sync>;
type Body = Full<Bytes>;

const REGION: &str = "us-east-1";
const KEYS: [&str; 7] = [
    "plain.txt",
    "with space",
    "ünïcödé/日本語",
    "plus+plus",
    "per%cent%20",
    "sub-delims!$&'()*,;=:@",
    "dots/.hidden..x",
];

struct Peer {
    endpoint: String,
    credentials: Credentials,
    http: Client<HttpConnector, Body>,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let asked: Vec<String> = env::args().skip(1).collect();
    let asked = |what: &str| asked.iter().any(|asked| asked == what);
    let (id, secret) = (env::var("S3_ID")?, env::var("S3_SECRET")?);
    let peer = Peer {
        endpoint: env::var("S3_ENDPOINT")?,
        credentials: Credentials::new(&id, secret.as_str())?,
        http: Client::builder(TokioExecutor::new()).build_http(),
    };
    if asked("trailers") {
        return peer.trailers().await;
    }
    let good = &peer.credentials;
    // The bucket may be there from before.
    peer.send("PUT", "/tower-auth-bucket", "", good).await?;
    let keys = if asked("odd-keys") {
        &KEYS[..]
    } else {
        &KEYS[..4]
    };
    for key in keys {
        let path = spelled(key);
        let text = format!("content of {key}");
        expect(
            peer.send("PUT", &path, &text, good).await?,
            200,
            &["PUT", key],
        )?;
        let (status, body) = peer.send("GET", &path, "", good).await?;
        expect((status, body.clone()), 200, &["GET", key])?;
        if body != text {
            return Err(format!("GET {key}: another content").into());
        }
        if asked("presigned") {
            peer.presigned(&path, &text).await?;
        }
    }
    let list = "/tower-auth-bucket?list-type=2&prefix=&delimiter=%2F&encoding-type=url";
    let (status, body) = peer.send("GET", list, "", good).await?;
    expect((status, body.clone()), 200, &["LIST"])?;
    if !String::from_utf8_lossy(&body).contains("plain.txt") {
        return Err("LIST: plain.txt is not there".into());
    }
    if asked("chunked") {
        peer.chunked().await?;
    }
    let wrong = Credentials::new(&id, "another secret")?;
    let (status, _) = peer.send("GET", &spelled(KEYS[0]), "", &wrong).await?;
    if status != StatusCode::FORBIDDEN {
        return Err(format!("a wrong secret was not refused: {status}").into());
    }
    for key in keys {
        let (status, body) = peer.send("DELETE", &spelled(key), "", good).await?;
        expect((status, body), 204, &["DELETE", key])?;
    }
    println!("{} keys: ok", keys.len());
    Ok(())
}

impl Peer {
    async fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
        credentials: &Credentials,
    ) -> Result<(StatusCode, Bytes), BoxError> {
        let scheme = SigV4::new("s3", REGION, credentials.clone())?.only_to(&self.endpoint)?;
        let request = self.request(method, path, Body::from(body.to_owned()))?;
        read(scheme.layer(self.http.clone()).oneshot(request).await?).await
    }

    fn request<B>(&self, method: &str, path: &str, body: B) -> Result<Request<B>, BoxError> {
        let uri: Uri = format!("{}{path}", self.endpoint).parse()?;
        Ok(Request::builder().method(method).uri(uri).body(body)?)
    }

    /// By a client without credentials.
    async fn presigned(&self, path: &str, text: &str) -> Result<(), BoxError> {
        let get = self.request("GET", path, ())?;
        let now = Clock::system().now();
        let minute = Duration::from_secs(60);
        let signer = Signer::new("s3", REGION)?;
        let url = signer.presign(&self.credentials, now, minute, &get, None)?;
        let response = self
            .http
            .request(Request::get(url.uri()).body(Body::default())?)
            .await?;
        let (status, body) = read(response).await?;
        expect((status, body.clone()), 200, &["presigned GET", path])?;
        if body != text {
            return Err(format!("presigned GET {path}: another content").into());
        }
        Ok(())
    }

    async fn chunked(&self) -> Result<(), BoxError> {
        let content = vec![b'x'; 3 << 20];
        let http = Client::builder(TokioExecutor::new()).build_http::<ChunkSigned<Body>>();
        let scheme = SigV4::new("s3", REGION, self.credentials.clone())?.chunked(Chunked::signed());
        let body = ChunkSigned::new(Body::from(content.clone()));
        let put = self.request("PUT", &spelled("chunked"), body)?;
        let sent = scheme.layer(http).oneshot(put).await?;
        expect(read(sent).await?, 200, &["chunked PUT"])?;
        let stored = self
            .send("GET", &spelled("chunked"), "", &self.credentials)
            .await?;
        if stored.1 != content {
            return Err("chunked PUT: another content was stored".into());
        }
        let removed = self
            .send("DELETE", &spelled("chunked"), "", &self.credentials)
            .await?;
        expect(removed, 204, &["DELETE chunked"])
    }
}

impl Peer {
    /// Signed and unsigned chunks, with a checksum behind the last one; and the same with another secret.
    async fn trailers(&self) -> Result<(), BoxError> {
        let bucket = self.send("PUT", "/tower-auth-bucket", "", &self.credentials);
        expect(bucket.await?, 200, &["PUT bucket"])?;
        let wrong = Credentials::new(self.credentials.access_key_id(), "another secret")?;
        let content = vec![b'x'; (1 << 20) + 5];
        let ways = [
            ("signed", Chunked::signed()),
            ("signed-crc32", Chunked::signed().checksum(Checksum::Crc32)),
            (
                "signed-sha256",
                Chunked::signed().checksum(Checksum::Sha256),
            ),
            ("unsigned-crc32", Chunked::unsigned(Checksum::Crc32)),
            ("unsigned-sha256", Chunked::unsigned(Checksum::Sha256)),
        ];
        for (name, way) in ways {
            for (credentials, status) in [(&self.credentials, 200), (&wrong, 403)] {
                let http = Client::builder(TokioExecutor::new()).build_http::<ChunkSigned<Body>>();
                let scheme = SigV4::new("s3", REGION, credentials.clone())?.chunked(way);
                let body = ChunkSigned::new(Body::from(content.clone()));
                let put = self.request("PUT", &spelled(name), body)?;
                let sent = scheme.layer(http).oneshot(put).await?;
                expect(read(sent).await?, status, &["PUT in chunks,", name])?;
            }
            let (status, stored) = self
                .send("GET", &spelled(name), "", &self.credentials)
                .await?;
            if stored != content {
                return Err(format!("{name}: another content was stored ({status})").into());
            }
        }
        println!("{} ways of chunks: ok", ways.len());
        Ok(())
    }
}

async fn read<B>(response: Response<B>) -> Result<(StatusCode, Bytes), BoxError>
where
    B: http_body::Body<Error: Into<BoxError>>,
{
    let status = response.status();
    let body = response.into_body().collect().await.map_err(Into::into)?;
    Ok((status, body.to_bytes()))
}

fn expect(answer: (StatusCode, Bytes), status: u16, what: &[&str]) -> Result<(), BoxError> {
    if answer.0 == status {
        return Ok(());
    }
    let body = String::from_utf8_lossy(&answer.1).into_owned();
    Err(format!("{}: {}: {body}", what.join(" "), answer.0).into())
}

fn spelled(key: &str) -> String {
    let mut text = String::from("/tower-auth-bucket/");
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
