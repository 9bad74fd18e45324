//! What the service at the bottom answers with.

use super::Response;
use crate::Error;

/// The body of an answer, decoded as far as it can be without knowing the caller's type.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply {
    /// A GraphQL response.
    Single(Response),
    /// The responses to a batch, in its order.
    Batch(Vec<Response>),
    /// Responses that come one after the other.
    #[cfg(feature = "incremental")]
    Stream(crate::incremental::Parts),
    /// Results that are pushed one after the other.
    #[cfg(feature = "subscriptions")]
    Subscription(crate::Subscription),
    /// Results of many operations.
    #[cfg(feature = "sse")]
    Events(crate::EventStream),
    /// A WebSocket that the server has acknowledged.
    #[cfg(feature = "ws")]
    Socket(Box<crate::ws::Socket>),
    /// Not GraphQL. An answer still, and not an error of the service, since the layers above have to see its status and
    /// headers: a 401 of a gateway renews credentials like any other.
    NotGraphQl(Error),
}

impl Reply {
    /// The only response.
    ///
    /// # Errors
    ///
    /// What made it [`NotGraphQl`](Self::NotGraphQl); [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) when there are
    /// several.
    pub fn into_single(self) -> Result<Response, Error> {
        match self {
            Self::Single(response) => Ok(response),
            Self::NotGraphQl(error) => Err(error),
            Self::Batch(_) => Err(Error::protocol("the answer is a list of responses")),
            #[cfg(feature = "incremental")]
            Self::Stream(_) => Err(Error::protocol("the answer is a stream of responses")),
            #[cfg(feature = "subscriptions")]
            Self::Subscription(_) => Err(Error::protocol("the answer is a stream of results")),
            #[cfg(feature = "sse")]
            Self::Events(_) => Err(Error::protocol("the answer is a stream of events")),
            #[cfg(feature = "ws")]
            Self::Socket(_) => Err(Error::protocol("the answer is a WebSocket")),
        }
    }

    /// The responses to a batch of so many operations.
    ///
    /// # Errors
    ///
    /// What made it [`NotGraphQl`](Self::NotGraphQl); the server's errors when it answered to the batch as a whole;
    /// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) when there are more or fewer responses.
    pub fn into_batch(self, operations: usize) -> Result<Vec<Response>, Error> {
        match self {
            Self::Batch(responses) if responses.len() == operations => Ok(responses),
            Self::Batch(_) => Err(Error::protocol(
                "the answer has another number of responses",
            )),
            Self::Single(response) => match response.into_data() {
                Ok(_) => Err(Error::protocol(
                    "the answer to a batch is a single response",
                )),
                Err(error) => Err(error),
            },
            other => other.into_single().map(|response| vec![response]),
        }
    }
}
