//! Makes HTTP requests of GraphQL requests.

use super::Shared;
use crate::{
    Body, Error, OperationKind, Request,
    headers::{insert, overwrite},
    service::{ACCEPT_RESPONSE, Pinned},
};
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{ACCEPT, CONTENT_TYPE},
    uri::PathAndQuery,
};

/// Servers that guard against forged requests of browsers want a header that a browser cannot send by itself.
const PREFLIGHT: HeaderName = HeaderName::from_static("apollo-require-preflight");

/// What a call says about how it is sent.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) headers: HeaderMap,
    pub(super) extensions: Extensions,
    pub(super) accept: Option<HeaderValue>,
    pub(super) get: Option<usize>,
}

pub(super) fn encode(
    shared: &Shared,
    request: &Request,
    options: &Options,
) -> Result<http::Request<Body>, Error> {
    if let Some(longest) = options.get.or(shared.get) {
        // What cannot be understood is not known to be a query; a hash alone says nothing of itself.
        let kind = match &request.query {
            Some(_) => request.scan().map(|scanned| scanned.kind),
            None => options.extensions.get::<OperationKind>().copied(),
        };
        if kind == Some(OperationKind::Query) {
            let uri = with_query(&shared.endpoint, &request.to_query()?, longest)?;
            if let Some(uri) = uri {
                let mut http = finish(shared, &request.headers, options, Body::empty())?;
                *http.method_mut() = Method::GET;
                *http.uri_mut() = uri;
                let preflight = HeaderValue::from_static("true");
                insert(http.headers_mut(), PREFLIGHT, preflight)?;
                return Ok(http);
            }
        } else if options.get.is_some() && kind.is_some() {
            return Err(Error::request(
                "only queries may be sent by GET; send this one by POST",
            ));
        }
    }
    let body = Body::from_json(request.to_json()?.into());
    finish(shared, &request.headers, options, body)
}

/// A POST with this body.
pub(super) fn finish(
    shared: &Shared,
    request: &HeaderMap,
    options: &Options,
    body: Body,
) -> Result<http::Request<Body>, Error> {
    let is_empty = http_body::Body::is_end_stream(&body);
    let mut http = http::Request::new(body);
    *http.method_mut() = Method::POST;
    *http.uri_mut() = shared.endpoint.clone();
    *http.extensions_mut() = options.extensions.clone();
    let headers = http.headers_mut();
    let accept = options.accept.clone().unwrap_or(ACCEPT_RESPONSE);
    insert(headers, ACCEPT, accept)?;
    if !is_empty {
        let json = HeaderValue::from_static("application/json");
        insert(headers, CONTENT_TYPE, json)?;
    }
    // Client, then request, then call.
    for more in [&shared.headers, request, &options.headers] {
        overwrite(headers, more)?;
    }
    if !request.is_empty() || !options.headers.is_empty() {
        let mut pinned = request.clone();
        overwrite(&mut pinned, &options.headers)?;
        http.extensions_mut().insert(Pinned {
            headers: pinned,
            endpoint: shared.endpoint.clone(),
        });
    }
    Ok(http)
}

#[cfg(feature = "uploads")]
pub(super) fn finish_form(
    shared: &Shared,
    request: &HeaderMap,
    options: &Options,
    form: crate::body::multipart::Form,
) -> Result<http::Request<Body>, Error> {
    let content_type = form.content_type()?;
    let mut http = finish(shared, request, options, Body::multipart(form))?;
    insert(http.headers_mut(), CONTENT_TYPE, content_type)?;
    let preflight = HeaderValue::from_static("true");
    insert(http.headers_mut(), PREFLIGHT, preflight)?;
    // Only who made the form knows its boundary.
    if let Some(pinned) = http.extensions_mut().get_mut::<Pinned>() {
        pinned.headers.remove(CONTENT_TYPE);
    }
    Ok(http)
}

/// The endpoint with these parameters; `None` when it grows too long. (No URI can be longer than 65,534 characters.)
fn with_query(endpoint: &Uri, query: &str, longest: usize) -> Result<Option<Uri>, Error> {
    let path = endpoint.path();
    let target = match endpoint.query() {
        Some(existing) if !existing.is_empty() => format!("{path}?{existing}&{query}"),
        _ => format!("{path}?{query}"),
    };
    let authority = endpoint
        .authority()
        .map_or(0, |authority| authority.as_str().len());
    let length = "https://".len() + authority + target.len();
    if length > longest.min(65_000) {
        return Ok(None);
    }
    let invalid = |_| Error::request("the endpoint cannot have a query");
    let mut parts = endpoint.clone().into_parts();
    parts.path_and_query = Some(
        PathAndQuery::try_from(target)
            .map_err(|_| Error::request("the endpoint cannot have a query"))?,
    );
    Uri::from_parts(parts).map(Some).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn shared(get: Option<usize>) -> Shared {
        Shared {
            get,
            ..Shared::new(Uri::from_static("https://h/graphql?v=1"))
        }
    }

    #[test]
    fn short_queries_go_by_get_and_all_else_by_post() {
        let shared = shared(Some(100));
        let method = |document: &'static str| {
            let http = encode(&shared, &Request::new(document), &Options::default()).unwrap();
            http.method().clone()
        };
        assert_eq!(method("{ a }"), Method::GET);
        assert_eq!(method("mutation { a }"), Method::POST);
        assert_eq!(method("query A { a } query B { b }"), Method::POST);
        let long: &'static str = format!("{{ {} }}", "a ".repeat(100)).leak();
        assert_eq!(method(long), Method::POST);
        let http = encode(&shared, &Request::new("{ a }"), &Options::default()).unwrap();
        assert_eq!(http.uri(), "https://h/graphql?v=1&query=%7B+a+%7D");
        assert!(!http.headers().contains_key(CONTENT_TYPE));
    }

    #[test]
    fn a_mutation_by_get_is_refused_before_it_is_sent() {
        let options = Options {
            get: Some(2047),
            ..Options::default()
        };
        let error = encode(&shared(None), &Request::new("mutation { a }"), &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
    }

    #[test]
    fn headers_of_the_call_win_over_the_request_and_those_over_the_client() {
        let name = HeaderName::from_static;
        let value = HeaderValue::from_static;
        let mut shared = shared(None);
        for (header, text) in [("a", "client"), ("b", "client"), ("c", "client")] {
            shared.headers.insert(name(header), value(text));
        }
        let request = Request::new("{ a }")
            .header(name("b"), value("request"))
            .header(name("c"), value("request"));
        let mut options = Options::default();
        options.headers.insert(name("c"), value("call"));
        let http = encode(&shared, &request, &options).unwrap();
        let sent: Vec<_> = ["a", "b", "c"]
            .iter()
            .map(|name| &http.headers()[*name])
            .collect();
        assert_eq!(sent, ["client", "request", "call"]);
        let request = Request::new("{ a }").header(http::header::COOKIE, value("id=secret"));
        let cookie = encode(&shared, &request, &options).unwrap();
        assert!(cookie.headers()["cookie"].is_sensitive());
        let pinned = &http.extensions().get::<Pinned>().unwrap().headers;
        assert!(!pinned.contains_key("a"));
        assert_eq!(pinned["c"], "call");
    }
}
