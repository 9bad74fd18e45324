//! Putting a header on a request.

use crate::{AuthError, ErrorKind};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Sets a header, replacing any of that name.
///
/// # Errors
///
/// [`ErrorKind::Request`] when the request has so many headers that a [`HeaderMap`] takes no more; there
/// [`HeaderMap::insert`] panics.
#[inline]
pub fn insert_header(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: HeaderValue,
) -> Result<(), AuthError> {
    match headers.try_insert(name, value) {
        Ok(_) => Ok(()),
        Err(_) => Err(full()),
    }
}

/// Adds a header beside those of the same name.
///
/// # Errors
///
/// As [`insert_header`]; there [`HeaderMap::append`] panics.
#[inline]
pub fn append_header(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: HeaderValue,
) -> Result<(), AuthError> {
    match headers.try_append(name, value) {
        Ok(_) => Ok(()),
        Err(_) => Err(full()),
    }
}

/// Sets a header unless there is one of that name. `true` when it was set.
///
/// # Errors
///
/// As [`insert_header`]; there [`HeaderMap::entry`] panics.
pub fn insert_header_if_absent(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: HeaderValue,
) -> Result<bool, AuthError> {
    if headers.contains_key(&name) {
        return Ok(false);
    }
    insert_header(headers, name, value).map(|()| true)
}

/// As [`insert_header`], for names that are no constants.
#[inline(never)]
pub(crate) fn insert_named(
    headers: &mut HeaderMap,
    name: &HeaderName,
    value: &HeaderValue,
) -> Result<(), AuthError> {
    // Cloned as late as can be: to move a name or a value about costs more than to clone it.
    insert_header(headers, name.clone(), value.clone())
}

#[cold]
fn full() -> AuthError {
    AuthError::new(
        ErrorKind::Request,
        "the request has so many headers that no other can be added",
    )
}

#[cfg(test)]
mod tests {
    use super::{append_header, insert_header_if_absent};
    use crate::{Authorize, Basic, Bearer, ErrorKind, HeaderApiKey};
    use http::{HeaderMap, HeaderName, HeaderValue, Request};

    #[test]
    fn a_request_whose_header_map_is_full_is_refused_and_nothing_panics() {
        let mut headers = HeaderMap::new();
        for number in 0.. {
            let name = HeaderName::try_from(format!("x-{number}")).unwrap();
            if headers.try_insert(name, HeaderValue::from(0)).is_err() {
                break;
            }
        }
        let (name, value) = (HeaderName::from_static("x-new"), HeaderValue::from(0));
        for full in [
            append_header(&mut headers, name.clone(), value.clone()),
            insert_header_if_absent(&mut headers, name, value.clone()).map(|_| ()),
        ] {
            assert_eq!(full.unwrap_err().kind(), ErrorKind::Request);
        }
        let name = HeaderName::from_static("x-0");
        assert!(!insert_header_if_absent(&mut headers, name, value).unwrap());
        let mut request = Request::new(());
        *request.headers_mut() = headers;
        let key = || HeaderApiKey::new("key").unwrap();
        let errors = [
            Basic::new("user", "password")
                .unwrap()
                .authorize((), &mut request),
            Bearer::new("token").unwrap().authorize((), &mut request),
            Bearer::in_header("token", "x-auth", "{token}")
                .unwrap()
                .authorize((), &mut request),
            key().authorize((), &mut request),
            key()
                .in_header("x-app-key")
                .unwrap()
                .authorize((), &mut request),
        ];
        for error in errors {
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Request);
        }
    }
}
