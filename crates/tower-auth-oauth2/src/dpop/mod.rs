//! Tokens that are bound to a key (RFC 9449).

mod keys;
mod nonces;
mod proof;

pub(crate) use self::{
    keys::Keys,
    proof::{Prover, Proving},
};

use self::{keys::ProofOf, nonces::Nonces};
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use std::{fmt, sync::Arc};
use tower_auth_core::{
    AuthError, Claim, Observe, Origin, ResponseHead, Verdict,
    bearer::{Issued, Placement, Put},
    challenge, insert_header, sensitive_header,
    sum::FinisherSlot,
};

/// `DPoP`
pub(crate) static PROOF: HeaderName = HeaderName::from_static("dpop");
/// `DPoP-Nonce`
pub(crate) static NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// `Authorization: DPoP <token>`, and in the header `DPoP` a proof that is signed for each request by the key that the
/// token is bound to (RFC 9449 section 7): the placement of [`OAuth2Builder::dpop`](crate::OAuth2Builder::dpop), and of
/// [`OAuth2Builder::dpop_kept`](crate::OAuth2Builder::dpop_kept). A finisher of sums.
///
/// A proof names method and URL, without query and fragment, the hash of the token, the time, an id of its own, and the
/// nonce that the server gave last. Nonces are learned from every response, for each origin. A response that demands
/// another one (401, `use_dpop_nonce`) says nothing against the token: with
/// [`replay`](tower_auth_core::SchemeExt::replay), the request is sent once more with the same token and that nonce.
#[derive(Clone)]
pub struct Dpop(Arc<Prover>);

impl Dpop {
    pub(crate) fn new(proving: Arc<Proving>) -> Self {
        Self(Arc::new(Prover::new(proving)))
    }

    /// The SHA-256 thumbprint of the public key (`jkt`, RFC 7638), in base64url: what bound tokens name. Where the key is
    /// kept with its token, that of the last token that was fetched.
    pub fn thumbprint(&self) -> String {
        self.0.keys().current().thumbprint().to_owned()
    }
}

/// What is the same for every request.
#[derive(Clone)]
pub struct BoundToken {
    authorization: HeaderValue,
    hash: Arc<str>,
    key: Arc<ProofOf>,
}

impl fmt::Debug for BoundToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundToken").finish_non_exhaustive()
    }
}

/// The nonce that a request went out with, and where to put the one that comes back.
pub struct SentProof {
    prover: Arc<Prover>,
    origin: Origin,
    nonce: Option<Arc<str>>,
}

impl fmt::Debug for SentProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentProof").finish_non_exhaustive()
    }
}

impl Placement for Dpop {
    type Slot = FinisherSlot;
    type Placed = BoundToken;
    type Sent = SentProof;

    fn place(&self, token: Issued<'_>) -> Result<BoundToken, AuthError> {
        Ok(BoundToken {
            authorization: sensitive_header("token", format!("DPoP {}", token.text()).into())?,
            hash: proof::hash(token.text()).into(),
            key: self.0.keys().of(&token),
        })
    }

    fn is_same(&self, sent: &SentProof, _: &BoundToken) -> bool {
        self.0.nonces().of(&sent.origin) == sent.nonce
    }

    fn claims(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        visit(Claim::Header(&header::AUTHORIZATION));
        visit(Claim::Header(&PROOF));
    }
}

impl<B> Put<B> for Dpop {
    fn put(&self, token: &BoundToken, request: &mut Request<B>) -> Result<SentProof, AuthError> {
        let origin = Origin::of(request.uri())?;
        let nonce = self.0.nonces().of(&origin);
        let proof = self.0.proof(
            &token.key,
            request.method(),
            request.uri(),
            Some(&token.hash),
            nonce.as_deref(),
        )?;
        let headers = request.headers_mut();
        insert_header(headers, header::AUTHORIZATION, token.authorization.clone())?;
        insert_header(headers, PROOF.clone(), proof)?;
        Ok(SentProof {
            prover: Arc::clone(&self.0),
            origin,
            nonce,
        })
    }
}

impl Observe for SentProof {
    fn observe(&self, response: ResponseHead<'_>) -> Verdict {
        self.prover.nonces().learn(&self.origin, response.headers);
        if response.is_unauthorized() && demands_nonce(response.headers) {
            Verdict::Refused
        } else {
            Verdict::Accepted
        }
    }
}

fn demands_nonce(headers: &HeaderMap) -> bool {
    challenge::of(headers, &header::WWW_AUTHENTICATE).any(|challenge| {
        challenge.is("DPoP") && challenge.params().get("error") == Some(b"use_dpop_nonce")
    })
}

impl fmt::Debug for Dpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dpop")
            .field("thumbprint", &self.thumbprint())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
