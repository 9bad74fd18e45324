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
