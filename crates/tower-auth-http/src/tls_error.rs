//! Errors of a TLS handshake, in words.

use rustls::{AlertDescription as Alert, CertificateError, Error, InvalidMessage};

/// Whether the server says no to the client's certificate, or to there being none. In TLS 1.3 it says so after the client
/// has sent its first bytes, which it then does not look at.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::AlertReceived(
            Alert::NoCertificate
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::DecryptError
                | Alert::CertificateRequired
        )
    )
}

/// What went wrong in a handshake, and what to do.
pub(crate) fn detail(error: &Error) -> String {
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "does not speak TLS on this port; should the URL be http://, or the port another one?"
                .to_owned()
        }
        Error::InvalidCertificate(why) => {
            let remedy = match why {
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    "its issuer is not trusted here; if it is one of your own, give it with `root_certificates`"
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "it is no longer valid, or this machine's clock is wrong"
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    "it is not valid yet, or this machine's clock is wrong"
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => {
                    "it is for another name than that of the URL"
                }
                _ => "it cannot be used",
            };
            format!("showed a certificate that is refused: {remedy}")
        }
        Error::AlertReceived(alert) => {
            format!("refused the TLS handshake ({alert:?}); does it want a client certificate?")
        }
        other => format!("failed in the TLS handshake: {other}"),
    }
}
