//! Where to listen.

use crate::BrowserError;
use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Mutex, PoisonError},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// The ports that this process listens on. Whoever wants one of them waits: two people cannot log in at once at one port,
/// and two schemes of one program often share it.
static HELD: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
static FREED: Notify = Notify::const_new();
/// Held while ports are bound and noted: whoever came in between would take this process for another program.
static BINDING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// So often another free port is asked for when the one of IPv4 is taken at IPv6.
const TRIES: usize = 16;

/// A port of this machine, and of no other: at 127.0.0.1, at \[::1\], or at both.
#[derive(Debug)]
pub(crate) struct Sockets {
    port: u16,
    v4: Option<TcpListener>,
    v6: Option<TcpListener>,
}

impl Sockets {
    /// The first of these that is free; 0 is any. Waits for ports that this process holds itself.
    pub(crate) async fn bind(ports: &[u16]) -> Result<Self, BrowserError> {
        loop {
            let freed = FREED.notified();
            let mut is_ours = false;
            let mut last = io::Error::from(io::ErrorKind::AddrInUse);
            let binding = BINDING.lock().await;
            for &port in ports {
                if held().contains(&port) {
                    is_ours = true;
                    continue;
                }
                match listen(port).await {
                    Ok(sockets) => return Ok(sockets),
                    Err(error) => last = error,
                }
            }
            drop(binding);
            if is_ours {
                freed.await;
            } else if last.kind() == io::ErrorKind::AddrInUse {
                return Err(BrowserError::port_taken(ports, last));
            } else {
                return Err(BrowserError::listen(last));
            }
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = tokio::select! {
            accepted = accept(self.v4.as_ref()) => accepted?,
            accepted = accept(self.v6.as_ref()) => accepted?,
        };
        Ok(stream)
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        // First free, then said to be: whoever waits would find it taken otherwise.
        self.v4 = None;
        self.v6 = None;
        held().remove(&self.port);
        FREED.notify_waiters();
    }
}

fn held() -> std::sync::MutexGuard<'static, BTreeSet<u16>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

async fn listen(port: u16) -> io::Result<Sockets> {
    let mut tries = if port == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        match listen_at(port).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            result => return result,
        }
    }
}

async fn listen_at(port: u16) -> io::Result<Sockets> {
    let v4 = at(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = match &v4 {
        Some(listener) => listener.local_addr()?.port(),
        None => port,
    };
    let v6 = at(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await?;
    let port = match &v6 {
        Some(listener) => listener.local_addr()?.port(),
        None if v4.is_some() => port,
        None => return Err(io::Error::from(io::ErrorKind::AddrNotAvailable)),
    };
    if !held().insert(port) {
        return Err(io::Error::from(io::ErrorKind::AddrInUse));
    }
    Ok(Sockets { port, v4, v6 })
}

/// Listens there; `None` when this machine has no such family of addresses.
async fn at(address: SocketAddr) -> io::Result<Option<TcpListener>> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
            ) =>
        {
            Err(error)
        }
        Err(_) => Ok(None),
    }
}
