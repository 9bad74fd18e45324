//! JSON Web Signatures in compact form (RFC 7515 section 7.1), and the claims in them (RFC 7519 section 4).

mod claims;
mod header;
mod validation;
mod verifier;

pub use self::{
    claims::Claims,
    header::Header,
    validation::Validation,
    verifier::{Verified, Verifier},
};
