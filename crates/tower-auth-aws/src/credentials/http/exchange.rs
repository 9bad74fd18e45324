//! One request and its answer, within limits.

use super::{HttpClient, client::BoxError};
use crate::credentials::{CredentialsError, CredentialsErrorKind, error::Errors};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use std::time::Duration;
use zeroize::Zeroizing;

/// No service answers with more: credentials are about 2 KiB, most of them a session token.
const MAX_ANSWER: usize = 64 * 1024;

/// How a provider talks to a service: with which client, how long, how often.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) http: HttpClient,
    pub(crate) errors: Errors,
    /// For one attempt, from connecting to the last byte of the answer.
    pub(crate) timeout: Duration,
    /// At least one is made.
    pub(crate) attempts: u32,
    /// Before the second attempt; twice as long before each further one, and never more than five seconds.
    pub(crate) pause: Duration,
}

/// An answer, in memory that is wiped.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Exchange {
    /// Sends a request until it is answered, for as often as there are attempts left.
    ///
    /// Made anew for every attempt by `request`, so that what is signed has the time of its attempt. An answer of 5xx
    /// or 429 is tried again, as is one that `again` picks; the last one is returned all the same.
    pub(crate) async fn send(
        &self,
        request: impl Fn() -> Result<Request<Full<Bytes>>, CredentialsError>,
        again: impl Fn(&Reply) -> bool,
    ) -> Result<Reply, CredentialsError> {
        let mut pause = self.pause;
        let mut attempt = 1;
        loop {
            let result = self.once(request()?).await;
            let failed = match &result {
                Ok(reply) => {
                    reply.status.is_server_error()
                        || reply.status == StatusCode::TOO_MANY_REQUESTS
                        || again(reply)
                }
                Err(error) => error.kind() == CredentialsErrorKind::Unreachable,
            };
            if !failed || attempt >= self.attempts {
                return result;
            }
            tracing::debug!(
                provider = self.errors.0,
                attempt,
                "no credentials yet: trying again"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
            attempt += 1;
        }
    }

    async fn once(&self, request: Request<Full<Bytes>>) -> Result<Reply, CredentialsError> {
        let server = authority(request.uri());
        match tokio::time::timeout(self.timeout, self.read(request)).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(Failure::Transport(source))) => Err(self
                .errors
                .unreachable(format!("the request to {server} failed"))
                .with_source(source)),
            Ok(Err(Failure::TooLong)) => Err(self.errors.malformed(format!(
                "the answer of {server} is longer than {MAX_ANSWER} bytes"
            ))),
            Err(_) => Err(self.errors.unreachable(format!(
                "{server} did not answer within {} ms",
                self.timeout.as_millis()
            ))),
        }
    }

    async fn read(&self, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
        let response = self.http.send(request).await.map_err(Failure::Transport)?;
        let (head, mut incoming) = response.into_parts();
        // Sized once, so that no copy of a secret is left behind by growing.
        let mut body = Zeroizing::new(Vec::with_capacity(MAX_ANSWER));
        let mut frames = 0;
        while let Some(frame) = incoming.frame().await {
            // A client of the caller may give empty ones without end, and never let the time limit have its turn.
            frames += 1;
            if frames > MAX_ANSWER {
                return Err(Failure::TooLong);
            }
            if let Some(data) = frame.map_err(Failure::Transport)?.data_ref() {
                if data.len() > MAX_ANSWER - body.len() {
                    return Err(Failure::TooLong);
                }
                body.extend_from_slice(data);
            }
        }
        Ok(Reply {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

enum Failure {
    Transport(BoxError),
    TooLong,
}

/// Where a request goes, without its path: the path of a container's credentials is a secret.
fn authority(uri: &Uri) -> String {
    let host = uri.host().unwrap_or("(no host)");
    match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// What a service says about a failure, fit for an error: one line, printable, not too long, and without what was sent
/// to it in confidence.
pub(crate) fn quotable(text: &str, secrets: &[&str]) -> String {
    const MAX: usize = 300;
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "[redacted]");
    }
    if secrets.iter().any(|secret| repeats(&text, secret)) {
        return "[redacted: it repeats what was sent]".to_owned();
    }
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let mut quoted: String = text.chars().map(printable).take(MAX).collect();
    if text.chars().count() > MAX {
        quoted.push('…');
    }
    quoted.trim().to_owned()
}

/// Whether a text has a piece of a secret in it: a part, or the whole in the spelling of a URL, of JSON, HTML or base64.
/// None of the first three changes letters and digits, of which every secret has many in a row.
fn repeats(text: &str, secret: &str) -> bool {
    const PIECE: usize = 8;
    if secret.len() < PIECE {
        return false; // seen as a whole
    }
    let text: std::collections::HashSet<&[u8]> = text.as_bytes().windows(PIECE).collect();
    let found = |bytes: &[u8]| bytes.windows(PIECE).any(|piece| text.contains(piece));
    // In base64 a byte looks like one of three, by where it stands; the ends depend on what is around.
    let spelled = |from: usize| {
        let spelled = STANDARD_NO_PAD.encode(secret.as_bytes().get(from..).unwrap_or_default());
        spelled.into_bytes()
    };
    found(secret.as_bytes())
        || (0..3).any(|from| {
            let spelled = spelled(from);
            let url_safe: Vec<u8> = spelled
                .iter()
                .map(|byte| match byte {
                    b'+' => b'-',
                    b'/' => b'_',
                    other => *other,
                })
                .collect();
            let inside = |text: &[u8]| found(&text[..text.len().saturating_sub(2)]);
            inside(&spelled) || inside(&url_safe)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_message_has_no_secret_and_no_line_end() {
        let quoted = quotable("bad token hunter2\r\nhunter2!", &["hunter2", ""]);
        assert_eq!(quoted, "bad token [redacted]  [redacted]!");
        assert_eq!(quotable(&"é".repeat(400), &[]).chars().count(), 301);
    }

    #[test]
    fn a_secret_is_not_quoted_in_any_spelling() {
        let secret = "FwoGZXIvYXdzEBc+/aDK\\x=\"'<tok>";
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let html = secret.replace('<', "&lt;").replace('+', "&#43;");
        for spelled in [
            secret.to_owned(),
            form.to_lowercase()
                .replace("fwogzxivyxdzebc", "FwoGZXIvYXdzEBc"),
            form,
            html,
            serde_json::to_string(secret).unwrap(),
            STANDARD_NO_PAD.encode(secret),
            base64::engine::general_purpose::URL_SAFE.encode(format!("x{secret}")),
            STANDARD_NO_PAD.encode(format!("WebIdentityToken={secret}&Version=1")),
            secret[3..15].to_owned(),
        ] {
            let text = format!("InvalidToken: {spelled} is bad");
            let quoted = quotable(&text, &[secret]);
            assert!(quoted.contains("[redacted"), "{spelled}: {quoted}");
            assert!(
                !quoted.contains("ZXIvYXdz") && !quoted.contains(&spelled),
                "{quoted}"
            );
        }
        let plain = "User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole";
        assert_eq!(quotable(plain, &[secret]), plain);
    }
}
