//! What a client knows of its connection.

use super::{
    Open, Reconnecting, WebSocket,
    driver::{Command, Driver},
    operations::Operation,
};
use crate::{
    Error, ErrorKind, Response, Timeout,
    subscription::{
        Event, Source, Subscription,
        mailbox::{Mailbox, mailbox},
        told,
    },
};
use bytes::Bytes;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};
use tokio::sync::{mpsc, oneshot};

/// The connection of a client, made when it is first needed. Clones share it.
#[derive(Clone)]
pub(crate) struct Sessions(Arc<Inner>);

struct Inner {
    open: Arc<Open>,
    options: Arc<WebSocket>,
    /// To the task, when there is one.
    task: Mutex<Option<mpsc::UnboundedSender<Command>>>,
    next: AtomicU64,
}

impl Sessions {
    pub(crate) fn new(open: Arc<Open>, options: Arc<WebSocket>) -> Self {
        Self(Arc::new(Inner {
            open,
            options,
            task: Mutex::default(),
            next: AtomicU64::new(1),
        }))
    }

    pub(crate) fn takes_all(&self) -> bool {
        self.0.options.all
    }

    /// Sends an operation, and answers with its results as soon as it is on its way.
    pub(crate) async fn start(
        &self,
        request: Bytes,
        repeatable: bool,
        reconnecting: Option<Reconnecting>,
    ) -> Result<Subscription, Error> {
        let options = &self.0.options;
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (letters, mailbox) = mailbox(options.room);
        let (begun, begins) = oneshot::channel();
        let operation = Operation {
            request,
            letters,
            repeatable: repeatable || options.resend,
            begun: Some(begun),
            reconnecting,
            sent: false,
        };
        let task = self.send(Command::Start(id, operation))?;
        // From here on, dropping it stops it.
        let source = OverSocket {
            id,
            mailbox,
            task,
            done: false,
        };
        begins.await.map_err(|_| gone())??;
        Ok(Subscription::new(source))
    }

    /// Sends an operation that has one answer, and waits for it.
    pub(crate) async fn ask(&self, request: Bytes, repeatable: bool) -> Result<Response, Error> {
        let answer = async {
            let mut results = self.start(request, repeatable, None).await?;
            let none = || Error::protocol("the server completed the operation without an answer");
            results.next().await.unwrap_or_else(|| Err(none()))
        };
        match self.0.options.timeout {
            None => answer.await,
            Some(time) => tokio::time::timeout(time, answer)
                .await
                .unwrap_or_else(|_| {
                    Err(Error::new(
                        ErrorKind::Timeout(Timeout::Answer),
                        "no answer over the socket in time; give it longer with `timeout`",
                    ))
                }),
        }
    }

    /// Commands the task, which is begun when there is none.
    fn send(&self, mut command: Command) -> Result<mpsc::UnboundedSender<Command>, Error> {
        let mut task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*task {
            match sender.send(command) {
                Ok(()) => return Ok(sender.clone()),
                // Of a runtime that is no more.
                Err(mpsc::error::SendError(again)) => command = again,
            }
        }
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
            Error::request("a WebSocket needs a tokio runtime").with_source(error)
        })?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let driver = Driver::new(
            Arc::clone(&self.0.open),
            Arc::clone(&self.0.options),
            receiver,
        );
        sender.send(command).map_err(|_| gone())?;
        runtime.spawn(driver.run());
        *task = Some(sender.clone());
        Ok(sender)
    }
}

fn gone() -> Error {
    Error::new(
        ErrorKind::Transport,
        "the connection's task has ended; was its runtime shut down?",
    )
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

/// One operation of a connection.
struct OverSocket {
    id: u64,
    mailbox: Mailbox,
    task: mpsc::UnboundedSender<Command>,
    done: bool,
}

impl Source for OverSocket {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        let event = std::task::ready!(self.mailbox.poll(cx));
        self.done = !matches!(event, Some(Ok(_)));
        Poll::Ready(event)
    }

    fn id(&self) -> Option<u64> {
        Some(self.id)
    }

    fn unsubscribe(mut self: Box<Self>) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        let (sender, receiver) = oneshot::channel();
        if std::mem::replace(&mut self.done, true) {
            let _ = sender.send(Ok(()));
        } else {
            let _ = self.task.send(Command::Stop(self.id, Some(sender)));
        }
        told(receiver)
    }
}

impl Drop for OverSocket {
    fn drop(&mut self) {
        if !self.done {
            let _ = self.task.send(Command::Stop(self.id, None));
        }
    }
}
