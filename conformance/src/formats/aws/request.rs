//! A recorded request.

use crate::case::Why;
use crate::record::text;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Recorded {
    pub(super) method: String,
    url: Option<String>,
    uri: Option<String>, // origin form, of the suites
    pub(super) headers: Vec<(String, String)>,
    #[serde(default)]
    body: Option<Body>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Body {
    Text(String),
    Base64 { base64: String },
    Repeated { repeat: String, count: usize },
}

impl Body {
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Why> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Base64 { base64 } => STANDARD.decode(base64).map_err(text),
            Self::Repeated { repeat, count } => Ok(repeat.repeat(*count).into_bytes()),
        }
    }
}

impl Recorded {
    pub(super) fn body(&self) -> Result<Vec<u8>, Why> {
        self.body
            .as_ref()
            .map_or_else(|| Ok(Vec::new()), Body::bytes)
    }

    /// Whether the target has characters that no URI has: a suite means it before it was encoded.
    pub(super) fn is_raw(&self) -> bool {
        let target = self.uri.as_ref().or(self.url.as_ref());
        target.is_some_and(|target| target.bytes().any(|b| b == b' ' || !b.is_ascii()))
    }

    /// The request, with `host` in its URI and as a header.
    pub(super) fn request(&self, host: Option<&str>) -> Result<Request<()>, Why> {
        let mut request = Request::new(());
        *request.method_mut() = Method::from_bytes(self.method.as_bytes()).map_err(text)?;
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(text)?;
            // Folded lines are one line (RFC 9112 section 5.2).
            let lines: Vec<&str> = value.split('\n').map(str::trim).collect();
            let value = match &lines[..] {
                [_] => value.clone(),
                _ => lines.join(" "),
            };
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(text)?;
            request.headers_mut().append(name, value);
        }
        if let Some(host) = host {
            let host = HeaderValue::from_str(host).map_err(text)?;
            request.headers_mut().insert("host", host);
        }
        *request.uri_mut() = match (&self.url, &self.uri) {
            (Some(url), _) => url.parse().map_err(text)?,
            (None, Some(target)) => {
                let host = request.headers().get("host").ok_or("has no host")?;
                let host = host.to_str().map_err(text)?;
                let mut url = format!("https://{host}");
                for byte in target.bytes() {
                    if byte == b' ' || !byte.is_ascii() {
                        url.push_str(&format!("%{byte:02X}"));
                    } else {
                        url.push(char::from(byte));
                    }
                }
                url.parse::<Uri>().map_err(text)?
            }
            (None, None) => return Err("has neither URL nor target".into()),
        };
        Ok(request)
    }
}
