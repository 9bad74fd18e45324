//! What the authorization endpoint is asked (RFC 6749 section 4.1.1).

use super::Login;
use crate::endpoint::TokenEndpoint;
use http::Uri;
use std::borrow::Cow;
use tower_auth_core::{AuthError, Secret};

pub(super) type Parameters = Vec<(String, Secret)>;

/// What is the same for every login: the client, what the caller adds, scope, response type, and what a token is for
/// (RFC 8707 section 2, and `audience` of servers that know it).
pub(super) fn parameters(
    login: &Login,
    endpoint: &TokenEndpoint,
    response_type: &str,
) -> Parameters {
    let mut all = Parameters::new();
    let is_given = |name: &str| login.parameters.iter().any(|(given, _)| given == name);
    if !login.client_id.is_empty() && !is_given("client_id") {
        all.push(("client_id".to_owned(), (&login.client_id).into()));
    }
    for (name, value) in &login.parameters {
        all.push((name.clone(), value.into()));
    }
    for (name, value) in &endpoint.parameters {
        if matches!(&**name, "resource" | "audience") && !is_given(name) {
            all.push((name.to_string(), value.clone()));
        }
    }
    if let Some(scope) = endpoint.scope.as_ref().filter(|_| !is_given("scope")) {
        all.push(("scope".to_owned(), scope.into()));
    }
    let in_url =
        query_of(&login.url).any(|(name, value)| name == "response_type" && !value.is_empty());
    if in_url {
        all.retain(|(name, _)| name != "response_type");
    } else if !is_given("response_type") {
        all.push(("response_type".to_owned(), response_type.into()));
    }
    all
}

/// Whether an ID token was asked for, by the URL or beside it, so that a nonce is due (OpenID Connect Core sections 3.1.2.1
/// and 3.2.2.1).
pub(super) fn wants_id_token(url: &str, parameters: &Parameters) -> bool {
    let has = |name: &str, word: &str| {
        let is_it = |text: &str| text.split([' ', ',']).any(|part| part == word);
        let mut named = parameters.iter().filter(|(known, _)| known == name);
        match named.next() {
            Some((_, value)) => is_it(value.expose()) || named.any(|(_, it)| is_it(it.expose())),
            // What is given beside it replaces it.
            None => query_of(url).any(|(known, value)| known == name && is_it(&value)),
        }
    };
    has("scope", "openid") || has("response_type", "id_token")
}

/// What is in the query of a URL.
pub(super) fn query_of(url: &str) -> form_urlencoded::Parse<'_> {
    let url = url.split('#').next().unwrap_or_default();
    let query = url.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes())
}

/// The page to open: the URL, whose own query stays as it is written but for what is replaced.
///
/// # Errors
///
/// [`ErrorKind::Request`](tower_auth_core::ErrorKind::Request) when it is longer than a URI may be.
pub(super) fn page(url: &str, parameters: &Parameters) -> Result<Uri, AuthError> {
    let url = url.split('#').next().unwrap_or_default();
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let is_replaced = |written: &&str| {
        let name = form_urlencoded::parse(written.as_bytes()).next();
        let name = name.map_or(Cow::Borrowed(""), |(name, _)| name);
        parameters.iter().any(|(known, _)| *known == name)
    };
    let mut page = base.to_owned();
    let mut separator = '?';
    for written in query.split('&').filter(|written| !written.is_empty()) {
        if !is_replaced(&written) {
            page.push(separator);
            page.push_str(written);
            separator = '&';
        }
    }
    for (name, value) in parameters {
        page.push(separator);
        page.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        page.push('=');
        page.extend(form_urlencoded::byte_serialize(value.expose().as_bytes()));
        separator = '&';
    }
    page.parse().map_err(|_| {
        AuthError::new(
            tower_auth_core::ErrorKind::Request,
            "the authorization request is longer than an address may be; push it, with `pushed_authorization_url`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_token_is_wanted_where_the_url_or_a_parameter_says_so() {
        let none = Parameters::new();
        let token: Parameters = vec![("response_type".to_owned(), "id_token token".into())];
        let code: Parameters = vec![("response_type".to_owned(), "code".into())];
        let url = "https://as.example/a?response_type=id_token";
        assert!(wants_id_token(url, &none) && wants_id_token("https://as.example", &token));
        assert!(!wants_id_token(url, &code) && !wants_id_token("https://as.example", &none));
        assert!(wants_id_token(
            "https://as.example/a?scope=openid+email",
            &code
        ));
    }

    #[test]
    fn a_query_that_is_there_stays_as_it_is_written_but_for_what_is_replaced() {
        let parameters: Parameters = vec![
            ("state".to_owned(), "new".into()),
            ("scope".to_owned(), "a b".into()),
        ];
        for (url, page_) in [
            (
                "https://as.example",
                "https://as.example/?state=new&scope=a+b",
            ),
            (
                "https://as.example/a?",
                "https://as.example/a?state=new&scope=a+b",
            ),
            (
                "https://as.example/a?x=1&st%61te=old&x=%7e;y&blank=&flag#here",
                "https://as.example/a?x=1&x=%7e;y&blank=&flag&state=new&scope=a+b",
            ),
        ] {
            assert_eq!(page(url, &parameters).unwrap().to_string(), page_);
        }
        let long = vec![("x".to_owned(), "y".repeat(70_000).into())];
        assert!(page("https://as.example", &long).is_err());
    }
}
