//! Whoever opens a page.

mod support;

use std::{
    fs,
    io::{self, Read, Write},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};
use support::{builder, listener, visit, wait};
use tokio::time::{Instant, sleep};
use tower_auth_browser::{BrowserErrorKind, NotTaken, Paste, PrintUrl, Visit};

/// What was printed.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Printed {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    async fn has(&self, text: &str) {
        for _ in 0..500 {
            if self.text().contains(text) {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("not printed: {text}; but {}", self.text());
    }
}

/// What is typed, when it is typed.
struct Typed(mpsc::Receiver<&'static str>);

impl Read for Typed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let text = self.0.recv().unwrap_or_default();
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(text.len())
    }
}

#[tokio::test]
async fn an_opener_that_blocks_does_not_keep_the_answer_waiting() {
    // A browser for the terminal, on a runtime of one thread: it gets its page while the opener is inside.
    let (quit, browser) = mpsc::channel::<()>();
    let browser = Mutex::new(browser);
    let waiting = wait(builder().opener(move |_: &Visit| {
        let _ = browser.lock().unwrap().recv();
        Ok(())
    }))
    .await;
    let started = Instant::now();
    assert_eq!(waiting.come_back().await, "C1");
    assert!(started.elapsed() < Duration::from_secs(2));
    drop(quit);
}

#[tokio::test]
async fn an_opener_that_fails_or_panics_ends_the_visit_and_the_next_one_works() {
    let mut tries = 0;
    let failing = Arc::new(Mutex::new(move || {
        tries += 1;
        match tries {
            1 => Err(io::Error::from(io::ErrorKind::NotFound)),
            2 => panic!("no display"),
            _ => Ok(()),
        }
    }));
    let browser = builder().opener(move |_: &Visit| {
        let mut failing = failing
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        failing()
    });
    let browser = browser.build().unwrap();
    for _ in 0..2 {
        let error = visit(browser.listen().await.unwrap()).error().await;
        assert_eq!(error.kind(), BrowserErrorKind::NoBrowser);
        assert!(error.to_string().contains("BROWSER"), "{error}");
    }
    assert_eq!(
        visit(browser.listen().await.unwrap()).come_back().await,
        "C1"
    );
}

#[tokio::test]
async fn a_printed_address_is_the_whole_of_it() {
    let printed = Printed::default();
    let waiting = wait(builder().opener(PrintUrl::new(printed.clone()))).await;
    printed
        .has("  https://as.example/authorize?client_id=c&state=5f3c\n")
        .await;
    assert_eq!(waiting.come_back().await, "C1");
}

#[tokio::test]
async fn a_pasted_address_is_the_answer_and_a_wrong_one_is_asked_for_again() {
    let printed = Printed::default();
    let typed = "yes\n\
                 http://localhost:5000/?code=X&state=wrong\n\
                 \u{1b}[200~http://localhost:5000/?code=X\n\
                 http://localhost:5000/?state=5f3c&code=C7\n\
                 never read";
    let paste = Paste::new(typed.as_bytes(), printed.clone());
    let waiting = wait(builder().opener(paste)).await;
    let redirect_uri = waiting.redirect_uri.clone();
    assert_eq!(waiting.outcome.await.unwrap().unwrap(), "C7");
    let text = printed.text();
    assert!(
        text.contains("\n  https://as.example/authorize?client_id=c&state=5f3c\n"),
        "{text}"
    );
    assert!(text.contains(&redirect_uri), "{text}");
    assert_eq!(text.matches("copy the whole address").count(), 1, "{text}");
    assert_eq!(
        text.matches("the answer to something else").count(),
        2,
        "{text}"
    );
    assert!(
        !text.contains("code="),
        "an answer is printed again: {text}"
    );
}

#[tokio::test]
async fn a_pasted_refusal_is_one() {
    let paste = Paste::new(&b"?error=access_denied&state=5f3c\n"[..], io::sink());
    let error = wait(builder().opener(paste)).await.error().await;
    assert_eq!(error.to_string(), "access_denied");
}

#[tokio::test]
async fn the_end_of_the_input_an_empty_line_and_ten_wrong_ones_cancel() {
    for typed in ["", "\n", "no\n\nno", &"no\n".repeat(10)] {
        let paste = Paste::new(io::Cursor::new(typed.to_owned()), io::sink());
        let error = wait(builder().opener(paste)).await.error().await;
        assert_eq!(error.kind(), BrowserErrorKind::Cancelled, "{typed:?}");
    }
}

#[tokio::test]
async fn a_line_without_end_is_not_read_for_ever() {
    let paste = Paste::new(io::repeat(b'x'), io::sink());
    let error = wait(builder().opener(paste)).await.error().await;
    assert_eq!(error.kind(), BrowserErrorKind::NoBrowser);
}

#[tokio::test]
async fn a_browser_that_does_reach_this_machine_wins_over_pasting_and_no_line_is_lost() {
    let (keyboard, typed) = mpsc::channel();
    let printed = Printed::default();
    let browser = builder()
        .opener(Paste::new(Typed(typed), printed.clone()))
        .build()
        .unwrap();
    let waiting = visit(browser.listen().await.unwrap());
    printed.has("paste it here").await;
    assert_eq!(waiting.come_back().await, "C1");
    // The first visit still reads; its line is what the second one waits for.
    let waiting = visit(browser.listen().await.unwrap());
    keyboard
        .send("http://localhost/?state=5f3c&code=C8\n")
        .unwrap();
    assert_eq!(waiting.outcome.await.unwrap().unwrap(), "C8");
}

#[tokio::test]
async fn the_next_address_is_printed_while_an_earlier_visit_still_reads() {
    let (keyboard, typed) = mpsc::channel();
    let printed = Printed::default();
    let browser = builder()
        .opener(Paste::new(Typed(typed), printed.clone()))
        .build()
        .unwrap();
    let waiting = visit(browser.listen().await.unwrap());
    printed.has("paste it here").await;
    assert_eq!(waiting.come_back().await, "C1");
    printed.0.lock().unwrap().clear();
    let waiting = visit(browser.listen().await.unwrap());
    printed.has("paste it here").await;
    // The first visit gets the empty line.
    for line in ["\n", "http://localhost/?state=5f3c&code=C8\n"] {
        keyboard.send(line).unwrap();
    }
    assert_eq!(waiting.outcome.await.unwrap().unwrap(), "C8");
}

#[tokio::test]
async fn a_visit_that_is_over_takes_no_answer() {
    let (send, receive) = mpsc::channel();
    let waiting = wait(builder().opener(move |visit: &Visit| {
        let first = visit.answer("code=C1&state=5f3c");
        // The waiting side closes the channel when it has seen the answer.
        while !visit.is_over() {
            std::thread::yield_now();
        }
        send.send((first, visit.answer("code=C2&state=5f3c")))
            .map_err(io::Error::other)
    }))
    .await;
    assert_eq!(waiting.outcome.await.unwrap().unwrap(), "C1");
    let answers = tokio::task::spawn_blocking(move || receive.recv().unwrap());
    assert_eq!(answers.await.unwrap(), (Ok(()), Err(NotTaken::Over)));
}

#[tokio::test]
async fn what_is_no_page_of_the_web_is_not_opened() {
    for page in ["--version", "/etc/passwd", "file://host/etc/passwd"] {
        let (tell, told) = mpsc::channel();
        let opener = move |_: &Visit| tell.send(()).map_err(io::Error::other);
        let listener = listener(builder().opener(opener)).await;
        let visit = listener.visit(page.parse().unwrap(), support::judge);
        assert_eq!(visit.await.unwrap_err().kind(), BrowserErrorKind::NoBrowser);
        assert!(told.try_recv().is_err(), "{page} was opened");
    }
}

#[tokio::test]
async fn cancelling_ends_the_visit() {
    let waiting = wait(builder().opener(|visit: &Visit| {
        visit.cancel();
        visit.cancel();
        Ok(())
    }))
    .await;
    assert_eq!(waiting.error().await.kind(), BrowserErrorKind::Cancelled);
}

#[cfg(unix)]
mod commands {
    use super::*;
    use tower_auth_browser::SystemBrowser;

    /// A folder with commands: one that writes down its arguments, one that fails, and one that never ends by itself.
    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            for (name, script) in [
                (
                    "writes",
                    "printf '%s|' \"$@\" > \"$0.tmp\"\nmv \"$0.tmp\" \"$0.log\"\n",
                ),
                ("fails", "exit 3\n"),
                ("stays", "echo > \"$0.log\"\nexec sleep 3\n"),
            ] {
                let path = folder.path().join(name);
                fs::write(&path, script).unwrap();
            }
            Self(folder)
        }

        /// Its commands, by `@name`.
        fn commands(&self, commands: &str) -> SystemBrowser {
            let folder = self.0.path().display();
            SystemBrowser::commands(commands.replace('@', &format!("{folder}/")))
        }

        async fn log(&self, name: &str) -> String {
            let path = self.0.path().join(format!("{name}.log"));
            for _ in 0..500 {
                if let Ok(text) = fs::read_to_string(&path) {
                    return text;
                }
                sleep(Duration::from_millis(10)).await;
            }
            panic!("{name} did not run");
        }
    }

    const PAGE: &str = "https://as.example/authorize?client_id=c&state=5f3c";

    #[tokio::test]
    async fn commands_of_the_environment_get_the_address_where_they_say() {
        for (line, arguments) in [
            ("sh @writes", format!("{PAGE}|")),
            ("sh @writes %s &", format!("{PAGE}|")),
            (
                "sh @writes -P 'a b' --url=%s&",
                format!("-P|a b|--url={PAGE}|"),
            ),
            ("sh @fails:@missing:sh @writes x%cy", format!("x:y|{PAGE}|")),
        ] {
            let folder = Folder::new();
            let waiting = wait(builder().opener(folder.commands(line))).await;
            assert_eq!(folder.log("writes").await, arguments, "{line}");
            assert_eq!(waiting.come_back().await, "C1");
        }
    }

    #[tokio::test]
    async fn a_command_that_stays_in_the_foreground_keeps_nobody_waiting() {
        let folder = Folder::new();
        let started = Instant::now();
        let waiting = wait(builder().opener(folder.commands("sh @stays"))).await;
        folder.log("stays").await;
        assert_eq!(waiting.come_back().await, "C1");
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "{:?}",
            started.elapsed()
        );
    }

    #[tokio::test]
    async fn commands_that_all_fail_are_no_browser_and_the_error_does_not_show_the_query() {
        let folder = Folder::new();
        for commands in ["sh @fails:@missing", ":", "@missing &"] {
            let waiting = wait(builder().opener(folder.commands(commands))).await;
            let support::Outcome::Browser(error) = waiting.error().await else {
                panic!("it was refused");
            };
            assert_eq!(error.kind(), BrowserErrorKind::NoBrowser, "{commands}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("state="), "{shown}");
        }
        let printed = Printed::default();
        let opener = folder
            .commands("sh @fails")
            .or(PrintUrl::new(printed.clone()));
        let listener = listener(builder().opener(opener)).await;
        let waiting = visit(listener);
        printed.has(PAGE).await;
        assert_eq!(waiting.come_back().await, "C1");
    }
}
