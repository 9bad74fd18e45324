//! Proof key for code exchange (RFC 7636).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::fmt;
use tower_auth_core::{AuthError, ErrorKind, Secret};
use zeroize::Zeroizing;

/// A code verifier and its challenge by S256 (RFC 7636 section 4): whoever steals a code cannot redeem it.
///
/// [`OAuth2::authorization_code`](crate::OAuth2::authorization_code) makes a fresh one for each login.
///
/// ```
/// use tower_auth_oauth2::Pkce;
///
/// // RFC 7636, appendix B
/// let random = [
///     116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240,
///     91, 88, 5, 88, 83, 132, 141, 121,
/// ];
/// let pkce = Pkce::from_random(&random)?;
/// assert_eq!(pkce.verifier().expose(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
/// assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
/// # Ok::<(), tower_auth_core::AuthError>(())
/// ```
#[derive(Clone)]
pub struct Pkce {
    verifier: Secret,
    challenge: String,
}

impl Pkce {
    /// Of 256 random bits, as section 4.1 recommends.
    ///
    /// # Errors
    ///
    /// When the machine has no randomness.
    pub fn fresh() -> Result<Self, AuthError> {
        Ok(Self::of(&*random()?))
    }

    /// Of these random bytes, 32 to 96 of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when there are fewer or more: the verifier would be too short or too long.
    pub fn from_random(bytes: &[u8]) -> Result<Self, AuthError> {
        if !(32..=96).contains(&bytes.len()) {
            let why = "is not 32 to 96 bytes, which make 43 to 128 characters";
            return Err(AuthError::configuration("random", why));
        }
        Ok(Self::of(bytes))
    }

    fn of(bytes: &[u8]) -> Self {
        let verifier = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        Self {
            verifier: verifier.into(),
            challenge,
        }
    }

    /// What the token endpoint gets.
    pub fn verifier(&self) -> &Secret {
        &self.verifier
    }

    /// What the authorization endpoint gets, with `code_challenge_method=S256`.
    pub fn challenge(&self) -> &str {
        &self.challenge
    }
}

impl fmt::Debug for Pkce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkce")
            .field("challenge", &self.challenge)
            .finish_non_exhaustive()
    }
}

fn random() -> Result<Zeroizing<[u8; 32]>, AuthError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes)
        .map_err(|_| AuthError::new(ErrorKind::Credentials, "the machine has no randomness"))?;
    Ok(bytes)
}

/// 256 random bits, in base64url: a `state`, a `nonce`.
pub(crate) fn unguessable() -> Result<Secret, AuthError> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(*random()?).into())
}

/// Whether two texts are the same, in a time that says nothing about where they differ.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    // Of what is compared nobody can choose the bytes.
    Sha256::digest(one) == Sha256::digest(other)
}
