//! OAuth 2 for every tower client: tokens of an authorization server, fetched when they are needed, renewed before they
//! expire, and put on requests.
//!
//! [`OAuth2`] is the scheme, with a constructor for each grant. [`ClientAuth`] is how the client authenticates,
//! [`HttpClient`] how the authorization server is reached, [`TokenError`] what it said when there is no token, and
//! [`BearerError`] what the resource server said when it refused one.
//!
//! # What holds for every grant
//!
//! * Token requests go over https, or to this machine; redirects are not followed; answers have at most 1 MiB, and an
//!   exchange takes at most 60 s.
//! * No parameter is sent twice by itself: what authenticates the client, and the tokens that are exchanged, are there
//!   once.
//! * Answers are taken as servers give them: lifetimes as text, forms instead of JSON, no token type, no refresh token in
//!   a refresh answer (the old one stays good), errors that are empty, HTML, or of no RFC.
//! * Tokens of another type than `Bearer` are refused, and so are those that no header can carry.
//! * What a server rotated is stored before it is used, and a fetch that has begun is finished even when nobody waits for it
//!   any more. See [`store`] for files and several processes.
//! * Secrets, tokens, and codes are in no `Debug`, no error and no trace. What a server repeats of them is taken out,
//!   as it is, form-encoded, or as a header says it.
//! * What holds them here is wiped after use: forms, answers, tokens, keys in JSON. Not in our hands are the buffers of the
//!   HTTP client, and those of JSON texts with escapes.
//! * Nobody is asked to log in while the old token is still good, and nobody twice before [`clear`](OAuth2::clear).

//! # Features
//!
//! | feature | on by default | adds |
//! | --- | --- | --- |
//! | `client` | yes | [`HttpClient::hyper`](HttpClient): a client for the authorization server, of hyper-util and rustls |
//! | `jwt` | yes | signed assertions: JWT bearer, `private_key_jwt`, `client_secret_jwt`, Google service accounts |
//! | `file` | no | `store::FileStore` |
//! | `password` | no | `OAuth2::password`, which RFC 9700 forbids |

#![cfg_attr(docsrs, feature(doc_cfg))]

/// The example of the README.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod builder;
mod challenge;
mod client_auth;
mod endpoint;
mod error;
mod fields;
mod form;
mod grant;
mod introspection;
#[cfg(feature = "jwt")]
mod jwt;
mod login;
mod metadata;
mod placement;
mod provider;
mod redact;
mod response;
mod revocation;
mod scheme;
mod source;
mod store_key;
mod transport;
mod url;

pub use tower_auth_token::store;

#[cfg(feature = "password")]
pub use self::grant::Password;
pub use self::{
    builder::OAuth2Builder,
    challenge::{BearerError, Challenge},
    client_auth::ClientAuth,
    error::{ErrorResponse, TokenError},
    grant::{
        ClientCredentials, Custom, DeviceAuthorization, DeviceCode, Grant, RefreshToken,
        SamlBearer, TokenExchange,
    },
    introspection::{Introspection, TokenState},
    metadata::{ServerMetadata, well_known_urls},
    placement::{FormBody, InFormBody},
    provider::Provider,
    response::TokenResponse,
    revocation::{Revocation, TokenHint},
    scheme::OAuth2,
    transport::HttpClient,
};
#[cfg(feature = "jwt")]
pub use self::{
    grant::JwtBearer,
    jwt::{Algorithm, Assertion, KeyError, KeyErrorKind, SigningKey},
};
