//! The task that makes connections, and makes them again.

use super::{
    Open, Socket, WebSocket,
    operations::{Operation, Operations},
    params::Connecting,
    serve::{Outcome, Serving},
};
use crate::{
    Closed, Error, ErrorKind, Limit,
    subscription::{Reconnected, Told},
};
use std::{
    future::{Future, poll_fn},
    hash::{BuildHasher as _, RandomState},
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{sync::mpsc, time::Instant};

/// What a client wants of a connection.
pub(super) enum Command {
    Start(u64, Operation),
    Stop(u64, Option<Told>),
}

/// What is wanted.
pub(super) struct Commands {
    receiver: mpsc::UnboundedReceiver<Command>,
    most: usize,
    open: bool,
}

impl Commands {
    /// Takes all there are. Whether there can be more.
    pub(super) fn poll_all(&mut self, operations: &mut Operations, cx: &mut Context<'_>) -> bool {
        while self.open {
            match self.receiver.poll_recv(cx) {
                Poll::Ready(Some(command)) => self.carry_out(command, operations),
                Poll::Ready(None) => self.open = false,
                Poll::Pending => break,
            }
        }
        self.open
    }

    fn carry_out(&self, command: Command, operations: &mut Operations) {
        match command {
            Command::Stop(id, told) => operations.stop(id, told),
            Command::Start(id, operation) => {
                let full = operations.len() >= self.most;
                operations.insert(id, operation);
                if full {
                    operations.refuse(
                        id,
                        Error::new(
                            ErrorKind::Limit(Limit::Operations),
                            "too many operations are under way; allow more with `max_operations`",
                        ),
                    );
                }
            }
        }
    }
}

/// The task of a client's connection.
pub(super) struct Driver {
    open: Arc<Open>,
    options: Arc<WebSocket>,
    operations: Operations,
    commands: Commands,
    /// How the last connection ended.
    last: Option<Closed>,
    /// That was because of its credentials.
    refused: bool,
    /// How often in a row that was so.
    refusals: u32,
}

impl Driver {
    pub(super) fn new(
        open: Arc<Open>,
        options: Arc<WebSocket>,
        receiver: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        Self {
            open,
            commands: Commands {
                receiver,
                most: options.operations,
                open: true,
            },
            options,
            operations: Operations::default(),
            last: None,
            refused: false,
            refusals: 0,
        }
    }

    /// Runs until nobody is left who could want anything.
    pub(super) async fn run(mut self) {
        // How often in a row a connection was tried, after one that was good; and whether that is why one is made.
        let (mut attempt, mut again) = (0, false);
        while self.has_work().await {
            if !again {
                (attempt, self.last, self.refused, self.refusals) = (0, None, false, 0);
            }
            let open = (self.open)(Connecting {
                attempt: attempt + 1,
                last: self.last.clone(),
                refused: self.refused,
            });
            let Some(opened) = self.meanwhile(open).await else {
                continue;
            };
            let error = match opened {
                Err(error) => {
                    attempt += 1;
                    error
                }
                Ok(mut socket) => {
                    self.operations.resume(&Reconnected {
                        attempts: attempt + 1,
                        closed: self.last.take(),
                    });
                    // One that was made again, and is lost at once, is no success.
                    attempt = if again { attempt + 1 } else { 0 };
                    match self.serve(&mut socket).await {
                        Served::Over => {
                            again = false;
                            continue;
                        }
                        Served::Aged => {
                            (attempt, again, self.refused, self.refusals) = (0, true, false, 0);
                            continue;
                        }
                        Served::Lost(error, proven) => {
                            if proven {
                                (attempt, self.refusals) = (0, 0);
                            }
                            error
                        }
                    }
                }
            };
            again = self.wait_or_give_up(attempt, error).await;
        }
    }

    /// Waits until there is something to do. `false` when there never will be.
    async fn has_work(&mut self) -> bool {
        poll_fn(|cx| {
            let open = self.commands.poll_all(&mut self.operations, cx);
            match (self.operations.is_empty(), open) {
                (false, _) => Poll::Ready(true),
                (true, false) => Poll::Ready(false),
                (true, true) => Poll::Pending,
            }
        })
        .await
    }

    /// Waits, and carries out what is wanted meanwhile. `None` when nobody waits with us any more.
    async fn meanwhile<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            self.commands.poll_all(&mut self.operations, cx);
            if self.operations.is_empty() {
                return Poll::Ready(None);
            }
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }

    async fn serve(&mut self, socket: &mut Socket) -> Served {
        let begun = Instant::now();
        self.operations.detector = Some(socket.detector.clone());
        let mut serving = Serving::new(
            socket,
            &self.options,
            &mut self.operations,
            &mut self.commands,
        );
        let outcome = poll_fn(|cx| serving.poll(cx)).await;
        let proven = serving.proven || begun.elapsed() >= self.options.delays.1;
        match outcome {
            Outcome::Idle | Outcome::Done => {
                socket.part("done").await;
                Served::Over
            }
            Outcome::Aged => {
                socket.part("renewed").await;
                Served::Aged
            }
            Outcome::Lost(error, code) => {
                if let Some(code) = code {
                    socket.close(code, "").await;
                }
                let closed = error.closed().cloned().unwrap_or_else(Closed::dropped);
                self.operations.lose(&closed);
                Served::Lost(error, proven)
            }
        }
    }

    /// A connection could not be made, or was lost: waits before the next attempt, if there is to be one.
    async fn wait_or_give_up(&mut self, attempt: u32, error: Error) -> bool {
        self.refused = matches!(error.kind(), ErrorKind::Auth(failure) if failure.is_renewable())
            || matches!(error.kind(), ErrorKind::Closed(kind) if kind.is_about_credentials());
        self.refusals += u32::from(self.refused);
        let options = &self.options;
        // What has never begun is told at once, unless it may be told something else next time.
        let begun = self.operations.is_resumable();
        let again = (begun || (self.refused && options.params.can_change()))
            && (error.is_transient() || self.refused)
            && attempt < options.attempts
            && self.refusals <= 1;
        if !again {
            self.operations.fail_all(&error);
            return false;
        }
        tracing::debug!(attempt, "the connection was lost, and is made again");
        if let Some(closed) = error.closed() {
            self.last = Some(closed.clone());
        }
        let delay = delay(attempt, options.delays, random());
        self.meanwhile(tokio::time::sleep(delay)).await;
        true
    }
}

/// How a connection ended.
enum Served {
    Over,
    Aged,
    /// And whether it had brought results.
    Lost(Error, bool),
}

/// Doubled each time, more or less a third, so that not all clients of a server that was restarted come back at once.
fn delay(attempt: u32, (first, longest): (Duration, Duration), random: f64) -> Duration {
    let factor = 2_u32.saturating_pow(attempt.min(30));
    let delay = first.saturating_mul(factor).min(longest);
    delay.mul_f64(2.0 / 3.0 + random * 2.0 / 3.0)
}

/// From 0 to 1.
fn random() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_differ_by_a_third() {
        let of = |attempt, random| {
            delay(
                attempt,
                (Duration::from_secs(3), Duration::from_secs(30)),
                random,
            )
            .as_secs()
        };
        assert_eq!((of(0, 0.0), of(0, 0.5), of(0, 1.0)), (2, 3, 4));
        assert_eq!(
            (of(1, 0.5), of(2, 0.5), of(3, 0.5), of(4, 0.5)),
            (6, 12, 24, 30)
        );
        assert_eq!(of(u32::MAX, 1.0), 40);
        assert!((0.0..=1.0).contains(&random()));
    }
}
