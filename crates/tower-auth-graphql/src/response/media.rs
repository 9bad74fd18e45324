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
    /// Anything else: somebody who does not speak GraphQL.
    Other,
}

impl Media {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let essence = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(|value| value.split(';').next().unwrap_or_default().trim());
        match essence {
            Some(essence) if essence.eq_ignore_ascii_case("application/graphql-response+json") => {
                Self::GraphQl
            }
            Some(essence) if essence.eq_ignore_ascii_case("application/json") => Self::Json,
            Some(essence) if essence.eq_ignore_ascii_case("multipart/mixed") => Self::Mixed,
            _ => Self::Other,
        }
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
        assert_eq!(Media::of(&HeaderMap::new()), Media::Other);
    }

    #[test]
    fn a_text_is_clipped_between_characters() {
        assert_eq!(clip("aé", 2), "a");
        assert_eq!(clip("aé", 3), "aé");
        assert_eq!(clip("aé", 30), "aé");
    }
}
