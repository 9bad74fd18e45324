//! OAuth 2 for every tower client: tokens of an authorization server, fetched when they are needed, renewed before they
//! expire, and put on requests.
//!
//! ```no_run
//! use tower_auth_core::{SchemeExt, replay::Cloned};
//! use tower_auth_oauth2::OAuth2;
//!
//! // With the feature `rustls`; without it, add `.http_client(…)`.
//! let auth = OAuth2::client_credentials("https://as.example.com/token", "s6BhdRkqt3", "gX1fBat3bV")
//!     .scope("orders:read")
//!     .build()?;
//! let layer = auth.only_to("https://api.example.com")?.replay(Cloned);
//! # Ok::<(), tower_auth_core::AuthError>(())
//! ```
//!
//! * **Grants**: client credentials, refresh token, JWT bearer (RS, PS, ES 256 to 512, HS, EdDSA), Google service
//!   accounts, SAML bearer, token exchange, device authorization, a closure; logins in a browser, with a proof key and
//!   pushed requests, behind a feature; passwords and implicit ones behind features that name them.
//! * **Client authentication**: basic (form-encoded, or raw), post, none, `client_secret_jwt`, `private_key_jwt`, mutual
//!   TLS, or any scheme of the workspace.
//! * **Errors** with kinds and codes ([`TokenError::of`]): refused, unreachable, outcome unknown, too little scope; each
//!   one line that names the address and the remedy.
//! * **Bound tokens** (DPoP, RFC 9449): a proof per request and per token request, nonces of both servers, one verb on
//!   the builder.
//! * **One token request** for however many wait; errors go to all of them; a 401 replaces the token once and replays.
//! * **Beside them**: revocation, introspection, discovery (also Microsoft Entra's, whose issuer is a template),
//!   challenges as typed errors ([`BearerError::check`]): too little scope and step-up name what is missing, and cost no
//!   token.
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
//!   in whatever spelling.
//! * What holds them here is wiped after use: forms, answers, tokens, keys in JSON. Not in our hands are the buffers of the
//!   HTTP client, and those of JSON texts with escapes.
//! * Nobody is asked to log in while the old token is still good, and nobody twice before [`clear`](OAuth2::clear).
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds |
//! | --- | --- |
//! | `rustls` | the default client for the authorization server, of hyper-util and rustls (which needs a C compiler) |
//! | `client` | the same for plain http to this machine only |
//! | `http2` | HTTP/2 where the server offers it |
//! | `browser` | logins in a browser: `OAuth2::authorization_code`, and the room for it, `browser` |
//! | `jwt` | signed assertions: JWT bearer, `private_key_jwt`, `client_secret_jwt`, Google service accounts |
//! | `dpop` | tokens that are bound to a key: [`OAuth2Builder::dpop`] |
//! | `file`, `keyring` | `store::FileStore`, `store::KeyringStore` |
//! | `password` | `OAuth2::password`, which RFC 9700 forbids |
//! | `implicit` | `OAuth2::implicit`, which RFC 9700 advises against |
//!
//! # Logins in a browser
//!
//! What RFC 9700 (best current practice) and RFC 8252 (native apps) ask of a client, and the test that shows it, in
//! `tests/browser.rs` here, or in `tests/listener.rs` of `tower-auth-browser` (L):
//!
//! | what they ask | how it is met | test |
//! | --- | --- | --- |
//! | a proof key always, S256, fresh (9700 section 2.1.1) | made for each login; `danger_without_pkce` to go without | `whatever_protects_a_login_is_made_for_it_alone` |
//! | `state` of one login (section 2.1) | 256 random bits, compared in constant time; another one changes nothing | `an_answer_with_another_state_is_not_looked_at_and_the_right_one_still_counts` |
//! | no mix-up of servers (9207) | `iss` compared, and missed where it was promised, of errors too | `an_answer_of_another_issuer_is_refused_errors_too` |
//! | loopback only (8252 section 8.3) | 127.0.0.1 and \[::1\], before the browser is opened | L: `nothing_is_listened_on_that_another_machine_reaches`, `it_listens_before_the_page_is_opened` |
//! | any port (section 7.3) | `any_port`, `domain("127.0.0.1")`; by default `localhost:5000`, as httpx_auth has it | L: `the_page_is_opened_and_its_answer_taken_at_both_loopback_addresses` |
//! | nothing but the callback | one path, `GET` and `POST` (fragments and forms), hosts of this machine | L: `whatever_is_no_callback_is_answered_and_forgotten` |
//! | no leak by referrers and caches (9700 section 4) | `no-referrer`, `no-store`, a policy, everything escaped | L: `nothing_of_a_request_is_shown_unescaped` |
//! | no implicit and no password grant (sections 2.1.2 and 2.4) | behind features of their names, not in `full` | `.ci/facade-features` |
//! | no secret in the front channel | refused by `build` | `no_secret_can_be_put_into_the_address` |
//! | requests that are pushed (9126) | where the server takes them | `a_pushed_request_leaves_nothing_but_its_reference_to_the_browser` |
//! | `nonce` of one login (OpenID Connect) | sent with `openid`, compared with that of the ID token, whose signature is not checked | `whatever_protects_a_login_is_made_for_it_alone` |
//! | https for all endpoints | or this machine, by its parsed address | `no_secret_can_be_put_into_the_address` |
//! | refresh tokens that rotate (section 2.2.2) | kept before they are used | `a_refresh_token_goes_before_a_person` |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod challenge;
mod client_auth;
mod default_client;
#[cfg(feature = "dpop")]
mod dpop;
mod endpoint;
mod error;
mod fields;
mod form;
mod grant;
mod identity;
mod introspection;
#[cfg(any(feature = "dpop", feature = "jwt"))]
mod jti;
#[cfg(feature = "jwt")]
mod jwt;
mod kept;
mod landed;
mod login;
mod metadata;
#[cfg(feature = "browser")]
mod pkce;
mod placement;
mod provider;
mod request;
mod response;
mod revocation;
mod scheme;
mod session;
mod source;
mod store_key;
mod url;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use tower_auth_http::ClientBuilder;
pub use tower_auth_http::{Body, HttpClient, HttpError, HttpErrorKind};
pub use tower_auth_token::store;

#[cfg(feature = "dpop")]
pub use self::dpop::{BoundToken, Dpop, SentProof};
#[cfg(feature = "implicit")]
pub use self::grant::Implicit;
#[cfg(feature = "password")]
pub use self::grant::Password;
#[cfg(feature = "browser")]
pub use self::grant::{AuthorizationCode, BrowserGrant};
#[cfg(feature = "browser")]
pub use self::pkce::Pkce;
pub use self::{
    builder::OAuth2Builder,
    challenge::{BearerError, Challenge},
    client_auth::ClientAuth,
    error::{ErrorCode, ErrorResponse, TokenError, TokenErrorKind},
    grant::{
        CheckedGrant, ClientCredentials, Custom, DeviceAuthorization, DeviceCode, Grant,
        RefreshToken, SamlBearer, TokenExchange,
    },
    introspection::{Introspection, TokenState},
    metadata::{Discovery, ServerMetadata, well_known_urls},
    placement::{FormBody, InFormBody},
    provider::Provider,
    response::TokenResponse,
    revocation::{Revocation, TokenHint},
    scheme::OAuth2,
};
#[cfg(feature = "jwt")]
pub use self::{grant::JwtBearer, jwt::Assertion};
#[cfg(feature = "browser")]
#[cfg_attr(docsrs, doc(cfg(feature = "browser")))]
pub use tower_auth_browser as browser;
#[cfg(any(feature = "dpop", feature = "jwt"))]
pub use tower_auth_jose::{Algorithm, KeyError, KeyErrorKind, SigningKey};
