use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower_auth_aws::Credentials;

pub(crate) const ID: &str = "AKIDS3S0000000000001";
pub(crate) const SECRET: &str = "Secret+for/s3s=1234567890abcdefghijklmno";
pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn credentials() -> Credentials {
    Credentials::new(ID, SECRET).unwrap()
}

/// An S3 server with one bucket, `bucket`.
pub(crate) struct Server {
    pub(crate) origin: String,
    directory: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        std::fs::create_dir(directory.path().join("bucket")).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(directory.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(ID, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { origin, directory }
    }

    pub(crate) fn uri(&self, path: &str) -> Uri {
        format!("{}{path}", self.origin).parse().unwrap()
    }

    /// What is stored, whatever the way in which it came.
    pub(crate) fn stored(&self, key: &str) -> Vec<u8> {
        std::fs::read(self.directory.path().join("bucket").join(key)).unwrap()
    }
}

pub(crate) fn http<B>() -> Client<HttpConnector, B>
where
    B: Body<Data: Send> + Send,
{
    Client::builder(TokioExecutor::new()).build_http()
}

pub(crate) fn request<B>(method: &str, uri: Uri, body: B) -> Request<B> {
    Request::builder()
        .method(method)
        .uri(uri)
        .body(body)
        .unwrap()
}

pub(crate) async fn read<B: Body>(response: Response<B>) -> (StatusCode, Bytes)
where
    B::Error: std::fmt::Debug,
{
    let status = response.status();
    (
        status,
        response.into_body().collect().await.unwrap().to_bytes(),
    )
}

/// As a client spells a key: all but unreserved characters and slashes encoded.
pub(crate) fn spelled(key: &str) -> String {
    let mut text = String::from("/bucket/");
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
