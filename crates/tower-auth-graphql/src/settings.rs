//! How large answers may be, and how long they may take.

use crate::AuthDetector;
use std::time::Duration;

/// What a [`GraphQlService`](crate::GraphQlService) was told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) response_size: usize,
    pub(crate) part_size: usize,
    pub(crate) timeout: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    #[cfg(any(feature = "events", feature = "multipart"))]
    pub(crate) first_event: Option<Duration>,
    /// Whether JSON need not say that it is JSON.
    pub(crate) plain_text: bool,
    pub(crate) detector: AuthDetector,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            response_size: 16 << 20,
            part_size: 4 << 20,
            timeout: Some(Duration::from_secs(30)),
            idle_timeout: Some(Duration::from_secs(60)),
            #[cfg(any(feature = "events", feature = "multipart"))]
            first_event: Some(Duration::from_secs(1)),
            plain_text: false,
            detector: AuthDetector::default(),
        }
    }
}

/// The settings of a service or of a client's builder.
macro_rules! settings {
    ($settings:ident) => {
        /// The largest answer that is read, in bytes, after decompression. Default: 16 MiB.
        pub fn max_response_size(mut self, bytes: usize) -> Self {
            self.$settings().response_size = bytes;
            self
        }

        /// The largest part of a stream that is read, in bytes, after decompression. Default: 4 MiB.
        pub fn max_part_size(mut self, bytes: usize) -> Self {
            self.$settings().part_size = bytes;
            self
        }

        /// How long the whole answer may take, from the call on. Default: 30 seconds. `None` turns it off; otherwise
        /// requests need a tokio runtime with its timer enabled.
        ///
        /// What is deferred (`@defer`, `@stream`) is part of the answer: give it longer where it comes slowly. Of a
        /// subscription, which has no end, this is the time for the head; after that, [`idle_timeout`] says when it is
        /// over.
        ///
        /// [`idle_timeout`]: Self::idle_timeout
        pub fn timeout(mut self, timeout: impl Into<Option<std::time::Duration>>) -> Self {
            self.$settings().timeout = timeout.into();
            self
        }

        /// How long a stream may be silent. Default: 60 seconds. `None` turns it off.
        pub fn idle_timeout(mut self, timeout: impl Into<Option<std::time::Duration>>) -> Self {
            self.$settings().idle_timeout = timeout.into();
            self
        }

        /// How long the head of an event stream is held back for its first event. Default: 1 second. `None` turns it
        /// off.
        ///
        /// Servers accept a subscription with status 200 and may then say, in an event, that the caller has to log in.
        /// When they say so at once, credentials are renewed, and the request is sent once more, as after a 401. Events
        /// are not delayed by this, only the moment at which the caller begins to wait for them.
        #[cfg(any(feature = "events", feature = "multipart"))]
        pub fn first_event(mut self, wait: impl Into<Option<std::time::Duration>>) -> Self {
            self.$settings().first_event = wait.into();
            self
        }

        /// Reads answers with the content type `text/plain`, or none, as if they were `application/json`. Default: such
        /// an answer comes from somebody who does not speak GraphQL.
        pub fn accept_plain_text(mut self, accept: bool) -> Self {
            self.$settings().plain_text = accept;
            self
        }

        /// Which errors mean that credentials were not accepted.
        pub fn auth_detector(mut self, detector: crate::AuthDetector) -> Self {
            self.$settings().detector = detector;
            self
        }
    };
}
pub(crate) use settings;
