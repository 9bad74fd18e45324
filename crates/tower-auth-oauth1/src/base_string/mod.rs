//! The signature base string (RFC 5849 section 3.4.1).

mod parameters;
mod protocol;
mod spans;
mod template;
mod uri;

pub(crate) use self::{protocol::Protocol, template::Template};

use crate::{SignError, escape};
use http::{HeaderMap, Method, Uri};

/// Everything of a request that is signed, but for the protocol parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    /// The body when it is a form, else empty.
    pub(crate) form: &'a [u8],
}

/// The base string of a request.
pub(crate) fn base_string(
    signed: Signed<'_>,
    protocol: &Protocol<'_>,
) -> Result<Vec<u8>, SignError> {
    let Signed {
        method,
        uri,
        headers,
        form,
    } = signed;
    let query = uri.query().unwrap_or("").as_bytes();
    // Room for what is usual; much more than that makes it grow.
    let mut out = Vec::with_capacity(640 + 2 * uri.path().len() + 5 * (query.len() + form.len()));
    let from = out.len();
    escape::push(&mut out, method.as_str().as_bytes());
    out[from..].make_ascii_uppercase();
    out.push(b'&');
    uri::push(&mut out, uri, headers)?;
    out.push(b'&');
    parameters::push(&mut out, query, form, protocol)?;
    Ok(out)
}
