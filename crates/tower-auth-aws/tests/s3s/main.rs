//! Against s3s, an S3 server that verifies signatures, chunk signatures and trailers: in this process, on loopback.

mod chunked;
mod clock;
mod objects;
mod presigned;
mod support;
