//! Errors and what caused them.

use std::{error::Error as StdError, fmt, io, iter};

/// The first of type `T` in an error: itself, or among its causes.
///
/// Layers put errors around errors, and box them; this finds what is inside whatever they did.
///
/// ```
/// # use tower_auth_core::{BoxError, Error, cause_of};
/// let below: BoxError = std::io::Error::other("the network").into();
/// let boxed: BoxError = Error::<BoxError>::Inner(below.into()).into();
/// assert!(cause_of::<std::io::Error>(&*boxed).is_some());
/// assert!(cause_of::<std::fmt::Error>(&*boxed).is_none());
/// ```
pub fn cause_of<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// An error, its cause, the cause of that, and so on, the outermost first.
pub fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    // So deep is no chain, unless it is a ring.
    iter::successors(Some(error), |error| cause(*error)).take(32)
}

fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    // The `source` of an `io::Error` leaves out the error that it was made of.
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// Writes a cause and its causes behind what was said, on the same line. What was said already is not said again: errors
/// differ in whether their own text has that of their cause.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    context: &str,
    first: &(dyn StdError + 'static),
) -> fmt::Result {
    let mut said = context.to_owned();
    for cause in causes(first) {
        let text = cause.to_string().replace(char::is_control, " ");
        if !text.is_empty() && !said.contains(&text) {
            write!(f, ": {text}")?;
            said.push_str(&text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Ring;

    impl fmt::Display for Ring {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("ring")
        }
    }

    impl StdError for Ring {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(self)
        }
    }

    #[test]
    fn a_cause_is_found_behind_an_io_error_and_a_ring_of_causes_ends() {
        let io = io::Error::other(io::Error::other(fmt::Error));
        assert!(cause_of::<fmt::Error>(&io).is_some());
        assert!(cause_of::<fmt::Error>(&Ring).is_none());
    }
}
