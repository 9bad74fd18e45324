//! Text of a server, as it may go into a log or onto a terminal.

use std::fmt;

/// How much of one text is shown, in bytes.
const MOST: usize = 2048;

/// The text without characters that drive a terminal, and no more of it than anybody reads. Line ends stay.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for (at, c) in self.0.char_indices() {
            if at >= MOST {
                return f.write_char('…');
            }
            let drives = c.is_control() && c != '\n';
            f.write_char(if drives { ' ' } else { c })?;
        }
        Ok(())
    }
}
