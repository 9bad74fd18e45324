//! What holds whatever is sent to a listener that waits.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};
use tower_auth_browser::{Browser, BrowserError, Verdict, Visit};

const STATE: &str = "74a1f0c2b9";

/// Sends these bytes to the port, and the right answer after them: what comes back of the first is a response of ours or
/// nothing, shows no markup that was sent, and does not keep the answer away.
pub(crate) fn check(input: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (told, page) = std::sync::mpsc::channel();
    let input = input.to_vec();
    let opener = move |visit: &Visit| {
        let port = visit
            .redirect_uri()
            .split([':', '/'])
            .nth(4)
            .and_then(|port| port.parse().ok());
        let address = ("127.0.0.1", port.unwrap());
        let mut noise = TcpStream::connect(address)?;
        // It may be closed in the middle of it.
        let _ = noise.write_all(&input);
        let _ = noise.shutdown(Shutdown::Write);
        let mut page = Vec::new();
        let _ = noise.read_to_end(&mut page);
        let _ = told.send(page);
        let mut answer = TcpStream::connect(address)?;
        write!(
            answer,
            "GET /?code=C&state={STATE} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
            address.1
        )?;
        answer.read_to_end(&mut Vec::new()).map(drop)
    };
    let browser = Browser::builder()
        .any_port()
        .timeout(Duration::from_secs(30))
        .opener(opener)
        .build()
        .unwrap();
    let code = runtime.block_on(async {
        let listener = browser.listen().await?;
        let page = "https://as.example/".parse().unwrap();
        listener
            .visit(page, |answer| {
                match (answer.one("state"), answer.one("code")) {
                    (Ok(Some(state)), Ok(Some(code))) if state.expose() == STATE => {
                        Verdict::Accepted(code.expose().to_owned())
                    }
                    _ => Verdict::<_, BrowserError>::NotExpected,
                }
            })
            .await
    });
    assert_eq!(code.unwrap(), "C");
    let page = String::from_utf8_lossy(&page.recv().unwrap()).into_owned();
    assert!(page.is_empty() || page.starts_with("HTTP/1."), "{page}");
    if let Some((_, body)) = page.split_once("\r\n\r\n") {
        assert!(!body.contains("<x-fuzz"), "{page}");
    }
}
