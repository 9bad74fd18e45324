//! Errors of a TLS handshake, in words.

use rustls::{CertificateError, Error, InvalidMessage};

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
