//! Media types, as far as they matter here.

use http::{HeaderMap, header::CONTENT_TYPE};

/// How an answer is to be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Media {
    /// `application/graphql-response+json`: a GraphQL response at any status.
    GraphQl,
    /// `application/json`: a GraphQL response when it looks like one.
    Json,
    /// `multipart/mixed`: a stream of responses.
    Mixed,
    /// `text/event-stream`: a stream of results.
    Events,
    /// Nothing is said, or `text/plain`: JSON all the same, perhaps.
    Plain,
    /// Anything else: somebody who does not speak GraphQL.
    Other,
}

impl Media {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(CONTENT_TYPE) else {
            return Self::Plain;
        };
        let value = value.as_bytes();
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let essence = value[..end].trim_ascii();
        [
            ("application/json", Self::Json),
            ("application/graphql-response+json", Self::GraphQl),
            ("multipart/mixed", Self::Mixed),
            ("text/event-stream", Self::Events),
            ("text/plain", Self::Plain),
        ]
        .into_iter()
        .find(|(name, _)| essence.eq_ignore_ascii_case(name.as_bytes()))
        .map_or(Self::Other, |(_, media)| media)
    }
}

/// At most `most` bytes of a text, cut between two characters.
pub(crate) fn clip(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_matter() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            Media::of(&headers)
        };
        assert_eq!(of("application/json; charset=utf-8"), Media::Json);
        assert_eq!(of("Application/GraphQL-Response+JSON"), Media::GraphQl);
        assert_eq!(of("multipart/mixed;boundary=\"-\""), Media::Mixed);
        assert_eq!(of("application/jsonp"), Media::Other);
        assert_eq!(of("text/html"), Media::Other);
        assert_eq!(Media::of(&HeaderMap::new()), Media::Plain);
        assert_eq!(of("text/plain; charset=utf-8"), Media::Plain);
    }

    #[test]
    fn a_text_is_clipped_between_characters() {
        assert_eq!(clip("aé", 2), "a");
        assert_eq!(clip("aé", 3), "aé");
        assert_eq!(clip("aé", 30), "aé");
    }
}
