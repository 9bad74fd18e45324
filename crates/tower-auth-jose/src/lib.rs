//! Keys, JSON Web Signatures, JWK sets and thumbprints, as the schemes of `tower-auth` need them.
//!
//! * **Keys** from PEM as OpenSSL writes it (PKCS#8, PKCS#1, SEC 1, SPKI, certificates; text around them and escaped line
//!   ends are no hindrance), DER, and JWK (RFC 7517, 7518, 8037). Encrypted keys get an error that says how to decrypt them.
//! * **Signing** with HS, RS, PS, ES (256, 384, 512) and Ed25519, in compact form (RFC 7515). Secrets shorter than RFC 7518
//!   section 3.2 asks for are refused.
//! * **Verification** against a list of allowed algorithms: never `none`, never a key of another type, never a key that the
//!   token brings; `crit` is refused, and, where one is asked for, another `typ`; sizes and tries are bounded.
//! * **Claims**: `iss`, `aud`, `exp`, `nbf`, `iat`, with leeway and an injected clock.
//! * **JWK sets** in which a bad key costs only itself, and **thumbprints** (RFC 7638).
//!
#![cfg_attr(feature = "crypto", doc = "```")]
#![cfg_attr(not(feature = "crypto"), doc = "```ignore")]
//! use tower_auth_jose::{Algorithm, Header, SigningKey, Validation, Verifier};
//!
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let token = key.sign_compact(&Header::new().typ("JWT"), br#"{"iss":"https://as.example","exp":4102444800}"#)?;
//!
//! let verifier = Verifier::new([Algorithm::Es256]).keys(key.public_jwk());
//! let claims = verifier.verify(&token)?.claims()?;
//! Validation::new().issuer("https://as.example").check(&claims)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Keys and secrets are wiped when they are dropped, and neither `Debug` nor any error shows anything of them.
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `crypto` | yes | signing, verifying and making keys, by aws-lc, which needs a C compiler |
//!
//! Without `crypto` there are PEM, DER, JWK, thumbprints, base64url, and the unverified `exp` of a token.
//!
//! # Why it is written here
//!
//! It stands over aws-lc-rs, which rustls brings along anyway, because no maintained crate does it all: jsonwebtoken
//! (11.1) has no ES512 and needs a newer compiler than this workspace promises, and josekit, which has every algorithm,
//! links OpenSSL.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "crypto"), allow(rustdoc::broken_intra_doc_links))]

mod algorithm;
pub mod base64url;
mod der;
mod error;
mod json;
mod jwk;
mod pem;
mod unverified;

#[cfg(feature = "crypto")]
mod jws;
#[cfg(feature = "crypto")]
mod key;

pub use self::{
    algorithm::Algorithm,
    error::{KeyError, KeyErrorKind, VerifyError, VerifyErrorKind},
    json::Members,
    jwk::{Jwk, JwkSet},
    pem::{PrivateKeyDer, PrivateKeyForm},
    unverified::UnverifiedTimes,
};
#[cfg(feature = "crypto")]
#[cfg_attr(docsrs, doc(cfg(feature = "crypto")))]
pub use self::{
    jws::{Claims, Header, Validation, Verified, Verifier},
    key::{SigningKey, VerifyingKey},
};
