//! Files on disk.

use super::Upload;
use crate::{BoxError, Error};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{
    fs::File,
    io::{AsyncRead as _, ReadBuf},
    runtime::Handle,
};

/// How much is read at once.
const CHUNK: u64 = 64 * 1024;

impl Upload {
    /// A file on disk, under its own name. It is looked at now, opened and read when it is sent, 64 KiB at a time, and
    /// can be sent again.
    ///
    /// As many bytes are sent as it has now: of a file that grows meanwhile, no more; one that shrinks is an error.
    ///
    /// Needs a tokio runtime, now and when it is sent, since it is tokio that reads files aside.
    ///
    /// ```no_run
    /// # async fn example<S>(client: tower_auth_graphql::Client<S>) -> Result<(), tower_auth_graphql::Error>
    /// # where S: tower_service::Service<http::Request<tower_auth_graphql::Body>,
    /// #     Response = http::Response<tower_auth_graphql::Reply>> + Clone, S::Error: Into<tower_auth_graphql::BoxError> {
    /// use tower_auth_graphql::Upload;
    ///
    /// let scan = Upload::file("scans/0042.tiff").await?.content_type("image/tiff")?;
    /// let data: serde_json::Value = client
    ///     .query("mutation($file: Upload!) { attach(file: $file) { id } }")
    ///     .upload("variables.file", scan)
    ///     .data()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when there is no such file, it is a directory or a device, or
    /// there is no tokio runtime. The same when it turns out, while it is being sent, that it cannot be read.
    pub async fn file(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path: Arc<Path> = path.into().into();
        let unusable = |error: io::Error| {
            Error::request(format!("the file `{}` cannot be sent", path.display()))
                .with_source(error)
        };
        runtime().map_err(unusable)?;
        let metadata = tokio::fs::metadata(&path).await.map_err(unusable)?;
        if !metadata.is_file() {
            return Err(unusable(io::Error::other("it is not a regular file")));
        }
        let name = path.file_name().map(|name| name.to_string_lossy());
        let name = name.unwrap_or_default().into_owned();
        let size = metadata.len();
        let open = move || Reading {
            state: State::Closed(Arc::clone(&path)),
            left: size,
        };
        Ok(Self::open(size, open).file_name(name))
    }
}

/// tokio panics without one.
fn runtime() -> io::Result<()> {
    Handle::try_current().map(drop).map_err(io::Error::other)
}

/// A file that is opened when it is first read.
struct Reading {
    state: State,
    left: u64,
}

enum State {
    Closed(Arc<Path>),
    Opening(Pin<Box<dyn Future<Output = io::Result<File>> + Send>>),
    Open(File),
}

impl Reading {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        runtime()?;
        loop {
            match &mut self.state {
                State::Closed(path) => {
                    self.state = State::Opening(Box::pin(File::open(Arc::clone(path))));
                }
                State::Opening(opening) => {
                    self.state = State::Open(ready!(opening.as_mut().poll(cx))?);
                }
                State::Open(file) => {
                    let mut chunk = vec![0; self.left.min(CHUNK) as usize];
                    let mut buffer = ReadBuf::new(&mut chunk);
                    ready!(Pin::new(file).poll_read(cx, &mut buffer))?;
                    let read = buffer.filled().len();
                    if read == 0 {
                        let why = "it is shorter than when it was looked at";
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, why)));
                    }
                    chunk.truncate(read);
                    self.left = self.left.saturating_sub(read as u64);
                    return Poll::Ready(Ok(chunk.into()));
                }
            }
        }
    }
}

impl Body for Reading {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let chunk = ready!(self.poll_chunk(cx));
        Poll::Ready(Some(chunk.map(Frame::data).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use crate::{ErrorKind, Upload};

    #[test]
    fn without_a_runtime_there_is_an_error_and_no_panic() {
        let mut future = std::pin::pin!(Upload::file("Cargo.toml"));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Err(error)) = future.as_mut().poll(&mut cx) else {
            panic!("it should not wait for a runtime that is not there");
        };
        assert_eq!(error.kind(), ErrorKind::Request);
    }
}
