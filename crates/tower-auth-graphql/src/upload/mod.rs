//! Files to be sent along.

#[cfg(feature = "files")]
mod file;

use crate::{BoxError, Error};
use bytes::{Buf, Bytes};
use http::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// A file for a variable of the type `Upload`: bytes in memory, a stream that is read as it is sent, or, with the
/// feature `files`, a file on disk.
///
/// See [`Call::upload`](crate::Call::upload).
pub struct Upload {
    pub(crate) source: Source,
    pub(crate) file_name: String,
    pub(crate) content_type: HeaderValue,
}

pub(crate) type BoxBody = Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>;

pub(crate) enum Source {
    Bytes(Bytes),
    Open {
        open: Arc<dyn Fn() -> BoxBody + Send + Sync>,
        size: Option<u64>,
    },
    Once(BoxBody),
}

impl Upload {
    /// Bytes in memory. Can be sent again.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::new(Source::Bytes(bytes.into()))
    }

    /// A stream that can be read once: when credentials are refused, the request is not sent again.
    pub fn stream<B>(body: B) -> Self
    where
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::new(Source::Once(boxed(body)))
    }

    /// A stream that can be opened as often as need be, and how many bytes it has when that is known. `open` must not
    /// block: a body can open its file when it is first read.
    ///
    /// When the size of every file is known, the request says how long it is; else it is sent in chunks. A stream that
    /// turns out to be longer or shorter ends the request with [`ErrorKind::Request`](crate::ErrorKind::Request).
    pub fn open<B>(
        size: impl Into<Option<u64>>,
        open: impl Fn() -> B + Send + Sync + 'static,
    ) -> Self
    where
        B: Body + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::new(Source::Open {
            open: Arc::new(move || boxed(open())),
            size: size.into(),
        })
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            file_name: "file".to_owned(),
            content_type: HeaderValue::from_static("application/octet-stream"),
        }
    }

    /// The name that the server is told. Default: `file`.
    #[must_use]
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = name.into();
        self
    }

    /// The media type that the server is told. Default: `application/octet-stream`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) when it does not belong into a header.
    pub fn content_type(mut self, content_type: impl AsRef<str>) -> Result<Self, Error> {
        let content_type = content_type.as_ref();
        self.content_type = HeaderValue::from_str(content_type)
            .map_err(|error| Error::request("unusable content type").with_source(error))?;
        Ok(self)
    }

    pub(crate) fn size(&self) -> Option<u64> {
        match &self.source {
            Source::Bytes(bytes) => Some(bytes.len() as u64),
            Source::Open { size, .. } => *size,
            Source::Once(body) => body.size_hint().exact(),
        }
    }

    pub(crate) fn try_clone(&self) -> Option<Self> {
        Some(Self {
            source: match &self.source {
                Source::Bytes(bytes) => Source::Bytes(bytes.clone()),
                Source::Open { open, size } => Source::Open {
                    open: Arc::clone(open),
                    size: *size,
                },
                Source::Once(_) => return None,
            },
            file_name: self.file_name.clone(),
            content_type: self.content_type.clone(),
        })
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

fn boxed<B>(body: B) -> BoxBody
where
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    Box::pin(Erased { body })
}

pin_project! {
    /// A body whose data and error are ours.
    struct Erased<B> {
        #[pin]
        body: B,
    }
}

impl<B> Body for Erased<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        Poll::Ready(frame.map(|frame| match frame {
            Ok(frame) => Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))),
            Err(error) => Err(error.into()),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
