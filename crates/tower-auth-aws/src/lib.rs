//! AWS Signature Version 4 for every tower client.
//!
//! ```
//! use http_body_util::Full;
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! use tower::ServiceBuilder;
//! use tower_auth_aws::{Credentials, SigV4};
//! use tower_auth_core::SchemeExt;
//!
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?;
//! let bucket = "https://examplebucket.s3.us-east-1.amazonaws.com";
//!
//! let client = ServiceBuilder::new()
//!     .layer(SigV4::new("s3", "us-east-1", credentials)?.only_to(bucket)?)
//!     .service(Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>());
//! # Ok::<(), tower_auth_core::AuthError>(())
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | sign requests whose body is in memory | [`SigV4`] |
//! | … of any type, unsigned, or with a hash that is known | [`SigV4::unsigned_payload`], [`SigV4::declared_hash`] |
//! | … that are streams, to S3, in signed chunks with checksums | [`SigV4::chunked`] and [`ChunkSigned`] |
//! | … that are streams of messages | [`SigV4::event_stream`] and [`EventSigned`] |
//! | make a URL that works without credentials for a while | [`Signer::presign`] |
//! | sign for many regions at once (feature `sigv4a`) | `Signer::v4a`, [`SigV4::with_signer`] |
//! | fetch and renew credentials (feature `credentials`) | `credentials::CachedCredentials` as the identity |
//! | use S3 Express directory buckets (feature `s3-express`) | `credentials::S3Express` as the identity |
//! | survive a clock that is off | [`SigV4::correct_clock`] |
//! | look into a 403 | [`Signer::canonical_request`], [`Signer::string_to_sign`], [`Signer::signature`] |
//!
//! # What is signed
//!
//! **Headers**: all but those of [`NEVER_SIGNED`], so that the signature covers what other schemes of a sum write; see
//! [`Signer::include_headers`] and [`Signer::exclude_headers`]. The `Host` that is signed is sent: when the request has
//! none it is added, from the URI, without user name and default port. Values are trimmed, runs of blanks and tabs become
//! one blank, and repeated headers are joined by commas in wire order, as every server that verifies reads them.
//!
//! **Path**: by the rules of the service, see [`PathRules`]. **Query**: every parameter decoded and encoded once, a
//! literal `+` read as a blank, duplicates kept, bytes that are no UTF-8 kept.
//!
//! Where AWS's own signers disagree with each other, this crate signs what servers recompute (tried against rclone, s3s,
//! OpenStack Swift and Garage):
//!
//! | input | signed here | others |
//! | --- | --- | --- |
//! | `/a:b`, `/%c3%bc` to S3 | as the server spells the decoded key: `/a%3Ab`, `/%C3%BC` | botocore, CRT, aws-sigv4: verbatim, refused |
//! | `?q=a+b` | `q=a%20b` | CRT, JS: `%2B`; botocore: `+`; refused |
//! | a tab in a header | a blank | aws-sigv4: kept, refused |
//! | `%FF` in a query | `%FF` | aws-sigv4: `%EF%BF%BD` |
//! | `/a/.` | `/a`, as botocore, CRT and JS | aws-sigv4: `/a/` |
//! | `user:pw@host` | `host` | aws-sigv4, JS: with the user |
//! | a caller's `authorization`, `x-amz-date`, session token | replaced, or taken away; or an error: [`SignedAlready`] | replaced, or signed and then replaced |
//!
//! The order of work is that of [`tower_auth_core`]: the signature is made last, after every other term of a sum, right
//! before the request is sent.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod calendar;
mod canonical;
mod clock_corrected;
#[cfg(feature = "credentials")]
#[cfg_attr(docsrs, doc(cfg(feature = "credentials")))]
pub mod credentials;
#[cfg(feature = "sigv4a")]
mod ecdsa;
mod hex;
mod holder;
mod identity;
mod key;
mod payload;
mod payload_hash;
mod percent;
mod presign;
mod remembered;
mod scheme;
mod sha256;
mod signature_text;
mod signer;
#[cfg(feature = "sigv4a")]
mod sigv4a;
mod sink;
mod stream;
mod timestamp;

pub use self::{
    canonical::{NEVER_SIGNED, PathRules},
    clock_corrected::{AcquireTimed, ClockCorrected, SentTimed, Timed},
    holder::Identity,
    identity::Credentials,
    payload::{Chunked, DeclaredHash, EventStream, HashBody, Payload, Seed, UnsignedPayload},
    payload_hash::PayloadHash,
    presign::Presigned,
    scheme::SigV4,
    signer::{SessionToken, Signature, SignedAlready, Signer},
    stream::{
        Checksum, ChunkError, ChunkSigned, ChunkSigner, EventError, EventSigned, EventSigner,
    },
};
