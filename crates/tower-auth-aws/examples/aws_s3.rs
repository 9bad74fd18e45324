//! PUT and GET, a presigned URL, and a large upload in signed chunks, to an S3 server that verifies signatures.
//!
//!     cargo run -p tower-auth-aws --example aws_s3
//!
//! The server is s3s, on loopback, with a directory that is removed afterwards.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::{
    convert::Infallible,
    error::Error,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::net::TcpListener;
use tower::{Layer, Service};
use tower_auth_aws::{Checksum, ChunkSigned, Chunked, Credentials, SigV4, Signer};
use tower_auth_core::{Clock, SchemeExt};

type BoxError = Box<dyn Error + Send + Sync>;

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let directory = tempfile::tempdir()?;
    let origin = s3(directory.path()).await?;
    let credentials = Credentials::new(ID, SECRET)?;
    let sigv4 = SigV4::new("s3", "us-east-1", credentials.clone())?;
    let key = format!("{origin}/bucket/reports/2026%20%28draft%29.txt");

    // PUT and GET.
    let http = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut client = sigv4.clone().only_to(&origin)?.layer(http.clone());
    let put = Request::put(&key).body(Full::from("content"))?;
    println!(
        "PUT            {}",
        ok(client.call(put).await?).await?.len()
    );
    let get = Request::get(&key).body(Full::default())?;
    println!("GET            {:?}", ok(client.call(get).await?).await?);

    // A URL that works for a minute, for a client without credentials.
    let get = Request::get(&key).body(())?;
    let now = Clock::system().now();
    let minute = Duration::from_secs(60);
    let url = Signer::new("s3", "us-east-1")?.presign(&credentials, now, minute, &get, None)?;
    let fetched = reqwest::get(url.to_string()).await?.error_for_status()?;
    println!("presigned GET  {:?}", fetched.bytes().await?);

    // 64 MiB, never more than a chunk of 64 KiB of it in memory.
    let http = Client::builder(TokioExecutor::new()).build_http::<ChunkSigned<Zeros>>();
    let chunked = Chunked::signed().checksum(Checksum::Crc64Nvme);
    let mut client = sigv4.chunked(chunked).only_to(&origin)?.layer(http);
    let body = ChunkSigned::new(Zeros(64 << 20));
    let put = Request::put(format!("{origin}/bucket/large")).body(body)?;
    ok(client.call(put).await?).await?;
    let stored = std::fs::metadata(directory.path().join("bucket/large"))?.len();
    println!("chunked PUT    {stored} bytes stored");
    Ok(())
}

async fn ok<B>(response: Response<B>) -> Result<Bytes, BoxError>
where
    B: Body<Error: Into<BoxError>>,
{
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(Into::into)?
        .to_bytes();
    if status == StatusCode::OK {
        Ok(body)
    } else {
        Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into())
    }
}

/// So many zeros, made while they are sent.
struct Zeros(u64);

impl Body for Zeros {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];
        let count = self.0.min(ZEROS.len() as u64);
        self.0 -= count;
        let data = Bytes::from_static(&ZEROS[..count as usize]);
        Poll::Ready((count > 0).then_some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

async fn s3(root: &Path) -> Result<String, BoxError> {
    std::fs::create_dir(root.join("bucket"))?;
    let files = FileSystem::new(root).map_err(|error| format!("{error:?}"))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(ID, SECRET));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    Ok(origin)
}
