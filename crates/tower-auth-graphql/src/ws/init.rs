//! The first message, which may say credentials. It is written past tungstenite, which writes the messages that pass it to
//! the log, at the level of traces.

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::{
    future::poll_fn,
    hash::{BuildHasher as _, RandomState},
    io,
    pin::Pin,
    task::{Poll, ready},
};
use tokio::io::AsyncWrite as _;
use zeroize::Zeroizing;

/// Sends a text.
pub(super) async fn send(stream: &mut TokioIo<Upgraded>, text: &[u8]) -> io::Result<()> {
    // A mask is for proxies that take what a web page lets its browser send for requests: nobody must foresee it.
    let [a, b, c, d, ..] = RandomState::new().hash_one(()).to_ne_bytes();
    let frame = Zeroizing::new(frame(text, [a, b, c, d]));
    let mut rest = &frame[..];
    poll_fn(|cx| {
        while !rest.is_empty() {
            match ready!(Pin::new(&mut *stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => rest = &rest[written..],
            }
        }
        Pin::new(&mut *stream).poll_flush(cx)
    })
    .await
}

/// One frame that is the whole message (RFC 6455 section 5.2).
fn frame(text: &[u8], mask: [u8; 4]) -> Vec<u8> {
    const LAST_AND_TEXT: u8 = 0x81;
    const MASKED: u8 = 0x80;
    let mut frame = Vec::with_capacity(14 + text.len());
    frame.push(LAST_AND_TEXT);
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(length), _) if length < 126 => frame.push(MASKED | length),
        (_, Ok(length)) => {
            frame.push(MASKED | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | 127);
            frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    let masked = text.iter().zip(mask.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use tokio_tungstenite::tungstenite::protocol::frame::{
        FrameHeader,
        coding::{Data, OpCode},
    };

    #[test]
    fn frames_are_what_tungstenite_reads() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_001] {
            let text = b"text with {}".repeat(length)[..length].to_vec();
            let mask = [1, 2, 3, 250];
            let frame = frame(&text, mask);
            let mut cursor = Cursor::new(&frame);
            let (header, size) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            assert!(header.is_final && header.opcode == OpCode::Data(Data::Text));
            assert_eq!((header.mask, size), (Some(mask), length as u64));
            let at = usize::try_from(cursor.position()).unwrap();
            let payload: Vec<_> = frame[at..]
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask)
                .collect();
            assert_eq!(payload, text);
        }
    }
}
