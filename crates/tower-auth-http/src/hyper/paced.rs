//! A connection that lets others have their turn.

use hyper_util::client::legacy::connect::{Connected, Connection};
use std::{
    future::Future as _,
    io::{self, IoSlice},
    pin::{Pin, pin},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// So many bytes are read before others have their turn.
const TURN: usize = 64 * 1024;

/// A connection that is read in turns.
///
/// Who reads goes on for as long as there is something to read, and tokio counts reads, not bytes. A server that sends
/// without end what is nothing by itself, interim answers or the zeros before the size of a chunk, would keep the time
/// limit of its exchange from having a turn, megabyte after megabyte.
pub(super) struct Paced {
    tcp: TcpStream,
    left: usize,
}

impl Paced {
    pub(super) const fn new(tcp: TcpStream) -> Self {
        Self { tcp, left: TURN }
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            self.left = TURN;
            // Polled once, it has this task woken after the timers and the other tasks were looked at.
            if pin!(tokio::task::yield_now()).poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        let read = buffer.filled().len() - before;
        self.left = match poll {
            Poll::Pending => TURN, // others have theirs
            Poll::Ready(_) => self.left.saturating_sub(read),
        };
        poll
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}

impl Connection for Paced {
    fn connected(&self) -> Connected {
        self.tcp.connected()
    }
}
