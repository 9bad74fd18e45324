//! The key that a token is bound to.

use tower_auth_core::Secret;

/// The private key that a token is bound to (RFC 9449: DPoP), as the text of a JWK (RFC 7517).
///
/// A token without it is worthless, so it is kept [with the token](crate::Token::with_proof_key), in stores as well. A
/// [`Placement`](tower_auth_core::bearer::Placement) finds it with
/// [`Issued::get`](tower_auth_core::bearer::Issued::get). The text is not looked into here.
#[derive(Clone, Debug)]
pub struct ProofKey(Secret);

impl ProofKey {
    /// The key of this JWK.
    pub fn new(jwk: impl Into<Secret>) -> Self {
        Self(jwk.into())
    }

    /// The private JWK.
    pub fn jwk(&self) -> &Secret {
        &self.0
    }
}
