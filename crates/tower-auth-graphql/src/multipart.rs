//! Subscriptions whose results are parts of one answer (Apollo's multipart protocol, `subscriptionSpec=1.0`).

use crate::{
    BoxError, Error, ErrorKind, Response,
    incoming::Incoming,
    incremental::{Splitter, boundary_of},
    response::{StreamJudge, errors_of, parse},
    settings::Settings,
    subscription::{Pushed, Results},
};
use bytes::Bytes;
use http::{HeaderValue, header::CONTENT_TYPE, response::Parts as Head};
use http_body::Body;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{
    fmt,
    task::{Context, Poll, ready},
};

pub(crate) const ACCEPT_RESULTS: HeaderValue = HeaderValue::from_static(
    "multipart/mixed;subscriptionSpec=1.0, application/graphql-response+json;q=0.9, application/json;q=0.8",
);

/// Whether an answer says that its parts are results of a subscription.
pub(crate) fn is_subscription(head: &Head) -> bool {
    let Some(value) = head.headers.get(CONTENT_TYPE) else {
        return false;
    };
    let mut parameters = value.as_bytes().split(|byte| *byte == b';').skip(1);
    parameters.any(|parameter| {
        let parameter = parameter.trim_ascii();
        let name = parameter.split(|byte| *byte == b'=').next();
        name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"subscriptionSpec"))
    })
}

/// The parts of an answer.
pub(crate) struct Multipart {
    incoming: Incoming,
    splitter: Splitter,
}

pub(crate) fn open<B>(
    head: &Head,
    body: B,
    settings: &Settings,
) -> Result<Results<Multipart>, Error>
where
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    let multipart = Multipart {
        incoming: Incoming::new(body, None, settings.idle_timeout),
        splitter: Splitter::new(&boundary_of(head)?, settings.part_size),
    };
    Ok(Results::new(
        multipart,
        StreamJudge::new(settings.detector.clone(), head),
    ))
}

impl Pushed for Multipart {
    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Response>, Error>> {
        loop {
            match self.splitter.next_part()? {
                Some(part) if part.trim_ascii().is_empty() => continue,
                Some(part) => match read(&part)? {
                    Part::Heartbeat => continue,
                    Part::Result(response) => return Poll::Ready(Ok(Some(*response))),
                    Part::Last => return Poll::Ready(Ok(None)),
                },
                None if self.splitter.is_end() => return Poll::Ready(Ok(None)),
                None => {}
            }
            let data = ready!(self.incoming.poll(cx))?;
            self.splitter.push(&data)?;
        }
    }
}

/// What a part says.
enum Part {
    Heartbeat,
    Result(Box<Response>),
    Last,
}

fn read(json: &Bytes) -> Result<Part, Error> {
    let envelope: Envelope<'_> = serde_json::from_slice(json).map_err(|error| {
        Error::protocol("a part of the subscription is no JSON object").with_source(error)
    })?;
    if let Some(errors) = envelope.errors {
        // Of whoever stands between: the stream is over.
        let errors = errors_of(errors)?;
        let error = Error::new(
            ErrorKind::GraphQl,
            "the subscription was ended with an error",
        );
        return Err(error.with_errors(errors));
    }
    match envelope.payload {
        None => Ok(Part::Heartbeat),
        Some("null") => Ok(Part::Last),
        Some(payload) => {
            let payload = json.slice_ref(payload.as_bytes());
            parse(&payload, false).map(|response| Part::Result(Box::new(response)))
        }
    }
}

#[derive(Default)]
struct Envelope<'a> {
    payload: Option<&'a str>,
    errors: Option<&'a str>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part of a subscription")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(name) = map.next_key::<String>()? {
                    match &*name {
                        "payload" => envelope.payload = Some(map.next_value::<&RawValue>()?.get()),
                        "errors" => {
                            let errors = map.next_value::<&RawValue>()?.get();
                            envelope.errors = Some(errors).filter(|text| *text != "null");
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(Members)
    }
}
