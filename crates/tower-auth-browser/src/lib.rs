//! Sends a person to a page in their browser, and waits on this machine until the browser comes back.
//!
//! It knows no protocol. [`Browser`] says how a page is opened and where the browser comes back to;
//! [`Browser::listen`] begins to listen, so that the address is known; [`Listener::visit`] opens the page and waits for an
//! answer that the caller takes for the right one.
//!
//! # What holds
//!
//! * It listens at 127.0.0.1 and at \[::1\] only, before anything is opened, and no longer than until the answer is there.
//! * Only `GET` and `POST` of the one path are answers, under the names of this machine and that of the redirect URI: a
//!   page of somebody else cannot pass for it by a name that points here. Everything else is answered, and forgotten.
//! * Whether an answer is the right one, the caller says. Wrong ones change nothing, however many there are.
//! * One limit of time for all of it, which nothing makes longer. Connections that ask for nothing, that are slow, or that
//!   send something else than HTTP, keep nobody else waiting: there are at most 64, each for at most 20 s, with at most
//!   64 KiB of header and of body.
//! * Pages are not cached, tell nobody where one came from, cannot be framed, run no script but their own, and show
//!   nothing of a request that is not escaped.
//! * What is behind the `#` of an address, which browsers do not send, is fetched by a page of ours: it is taken out of the
//!   address and sent by `POST`.
//! * Whatever opens the page runs on a thread of its own, and may block: browsers for the terminal work.
//!
//! # Machines without a browser
//!
//! | where the browser is | opener |
//! | --- | --- |
//! | here | [`SystemBrowser`], the default |
//! | elsewhere, with the port brought here (`ssh -L 5000:localhost:5000`) | [`PrintUrl`] |
//! | elsewhere | [`Paste`]: the address that the browser ends at is copied into the terminal |
//! | in your own hands | a closure of [`Visit`] |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod browser;
mod connections;
mod error;
mod gate;
mod listener;
mod opener;
mod pages;
mod ports;
#[cfg(feature = "rustls")]
mod tls;
mod visit;

pub use self::{
    answer::{Answer, Repeated},
    browser::{Browser, BrowserBuilder},
    error::{BrowserError, BrowserErrorKind},
    listener::{Listener, Verdict},
    opener::{Opener, Or, Paste, PrintUrl, SystemBrowser},
    pages::DisplaySettings,
    visit::{NotTaken, Visit},
};
