//! Machines that no browser reaches.

use super::Opener;
use crate::{NotTaken, Visit, visit::LONGEST};
use std::{
    fmt,
    io::{self, BufRead, BufReader, Read, Write},
    sync::{Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// So many lines are taken for an answer before this gives up.
const TRIES: usize = 10;

/// Prints the address, and reads the one that the browser was sent to in the end: for machines that no browser reaches,
/// such as one behind ssh.
///
/// The browser, on whatever machine, shows an error in the end, since there it is another machine that it is sent to. Its
/// address has the answer in it, and a person copies it into the terminal. The listener is there all the same: when the
/// browser does reach it, nothing has to be copied.
///
/// A line is at most 64 KiB long, and not printed again. After ten lines without an answer, at the end of the input, or on
/// an empty line, the visit is [cancelled](crate::BrowserErrorKind::Cancelled). Reading cannot be interrupted: after an
/// answer by another way the next line of the input is still read, and kept for the next visit.
pub struct Paste {
    // Apart: the next visit has to print its address while an earlier one still reads.
    output: Mutex<Box<dyn Write + Send>>,
    input: Mutex<Input>,
}

struct Input {
    lines: Box<dyn BufRead + Send>,
    /// What was read when nobody wanted it any more.
    left: Option<Zeroizing<String>>,
}

impl Paste {
    /// From and to these.
    pub fn new(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> Self {
        Self {
            output: Mutex::new(Box::new(output)),
            input: Mutex::new(Input {
                lines: Box::new(BufReader::new(input)),
                left: None,
            }),
        }
    }

    /// From the standard input, to the standard error output.
    pub fn terminal() -> Self {
        Self::new(io::stdin(), io::stderr())
    }

    fn say(&self, text: fmt::Arguments<'_>) -> io::Result<()> {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.write_fmt(text)?;
        output.flush()
    }
}

impl Opener for Paste {
    fn open(&self, visit: &Visit) -> io::Result<()> {
        self.say(format_args!(
            "Open this address in a browser, on any machine:\n\n  {}\n\nIn the end the browser is sent to an address that \
             begins with\n{}\nwhich it may not be able to show. Copy that address, and paste it here:\n",
            visit.uri(),
            visit.redirect_uri(),
        ))?;
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..TRIES {
            if visit.is_over() {
                return Ok(());
            }
            let line = input.line()?;
            if visit.is_over() {
                // An empty line was no answer to the next visit, which it would end.
                input.left = line.filter(|line| !line.trim().is_empty());
                return Ok(());
            }
            let Some(line) = line.filter(|line| !line.trim().is_empty()) else {
                break;
            };
            match visit.answer(&line) {
                Ok(()) | Err(NotTaken::Over) => return Ok(()),
                Err(why) => self.say(format_args!("{why}:\n"))?,
            }
        }
        visit.cancel();
        Ok(())
    }
}

impl Input {
    /// The next line; `None` at the end. Of one that is too long, nothing.
    fn line(&mut self) -> io::Result<Option<Zeroizing<String>>> {
        if let Some(line) = self.left.take() {
            return Ok(Some(line));
        }
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
        let most = LONGEST as u64 + 1;
        let read = (&mut self.lines).take(most).read_until(b'\n', &mut line)?;
        if read as u64 == most && line.last() != Some(&b'\n') {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the line is too long for an address",
            ));
        }
        let text = String::from_utf8_lossy(&line).into_owned();
        Ok((read > 0).then(|| Zeroizing::new(text)))
    }
}

impl fmt::Debug for Paste {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Paste")
    }
}
