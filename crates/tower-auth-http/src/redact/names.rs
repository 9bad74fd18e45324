//! Names that tell what is secret.

/// Whether a field of this name may hold something secret.
///
/// Made for the fields of OAuth and its kin: whatever has a token, secret, password, code, key, assertion, signature,
/// verifier, session or cookie in its name, but not what describes one (`token_type`, `error_code`).
pub fn is_secret_name(name: &str) -> bool {
    const WITHIN: [&str; 19] = [
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "assertion",
        "code",
        "key",
        "credential",
        "signature",
        "authorization",
        "cookie",
        "jwt",
        "verifier",
        "session",
        "ticket",
        "bearer",
        "saml",
        "hmac",
    ];
    const WHOLE: [&str; 10] = [
        "otp", "pin", "pw", "pwd", "pass", "sid", "sig", "totp", "mfa", "proof",
    ];
    let name = name.to_ascii_lowercase();
    let is_public = name.ends_with("_type")
        || (name.ends_with("_hint") && name != "id_token_hint") // which is a token
        || name.starts_with("error");
    !is_public && (WITHIN.iter().any(|word| name.contains(word)) || WHOLE.contains(&&*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_secret() {
        for name in [
            "access_token",
            "Client_Secret",
            "api-key",
            "device_code",
            "pin",
            "pwd",
            "oauth_verifier",
            "SAMLResponse",
            "sessionId",
            "id_token_hint",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "token_type",
            "token_type_hint",
            "error_codes",
            "scope",
            "shipping",
            "passenger",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
