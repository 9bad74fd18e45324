//! Every way to read one text, at once: each escape as what it says and as what it is.
//!
//! Which of the two was meant cannot be told beforehand: a secret may have escapes in it, and what stands before it may
//! make one of its first characters. So all ways are followed side by side. They part at an escape and meet again behind
//! it, so that there are hardly ever more than two.

use super::{
    automaton::{Automaton, ROOT, State},
    escape,
    text::is_harmless,
};
use std::ops::Range;

/// More ways side by side than any text has that was written for people.
const MOST_WAYS: usize = 48;
/// No step before.
const NONE: u32 = u32::MAX;

/// One byte as it was read, on one way.
struct Step {
    before: u32,
    from: u32,
    to: u32,
    counts: bool, // what people do not see is no part of a secret
    secret: u16,  // so many bytes that end here are a secret
}

/// Where a way has come to.
#[derive(Clone, Copy)]
struct Way {
    at: usize,
    state: State,
    step: u32,
}

/// Too many ways to follow.
pub(super) struct Endless;

/// Calls for every piece of the text that is part of a secret. When the text was cut, its end may be the beginning of
/// one.
pub(super) fn search(
    text: &[u8],
    secrets: &Automaton,
    cut: bool,
    mut found: impl FnMut(Range<usize>),
) -> Result<(), Endless> {
    let mut steps: Vec<Step> = Vec::with_capacity(text.len());
    let mut open = vec![Way {
        at: 0,
        state: ROOT,
        step: NONE,
    }];
    let mut here = Vec::new();
    for at in 0..text.len() {
        here.clear();
        open.retain(|way| {
            if way.at == at {
                here.push(*way);
            }
            way.at != at
        });
        let escape = escape::first(&text[at..]);
        let is_cut = cut && escape.is_none() && is_cut_escape(&text[at..]);
        let unseen = unseen(&text[at..]);
        let mut buffer = [0; 4];
        let escape = escape.map(|(unit, used)| (unit.bytes(&mut buffer), used));
        let ways = [
            escape,
            Some((&text[at..=at], 1)),
            unseen.map(|length| (&[][..], length)),
        ];
        for way in &here {
            if is_cut {
                mark_begun(&mut steps, secrets, *way);
            }
            for (says, used) in ways.into_iter().flatten() {
                let next = follow(&mut steps, secrets, *way, says, used);
                if !open
                    .iter()
                    .any(|o| (o.at, o.state) == (next.at, next.state))
                {
                    open.push(next);
                }
            }
        }
        if open.len() > MOST_WAYS {
            return Err(Endless);
        }
    }
    if cut {
        open.iter()
            .for_each(|way| mark_begun(&mut steps, secrets, *way));
    }
    // Backwards: a step is made after the one before it, so that each is looked at once.
    for step in (0..steps.len()).rev() {
        let Step {
            before,
            from,
            to,
            counts,
            secret,
        } = steps[step];
        if secret == 0 {
            continue;
        }
        found(from as usize..to as usize);
        let left = secret - u16::from(counts);
        if let Some(before) = steps.get_mut(before as usize) {
            before.secret = before.secret.max(left);
        }
    }
    Ok(())
}

/// A way, behind an escape or a byte that says this.
fn follow(steps: &mut Vec<Step>, secrets: &Automaton, way: Way, says: &[u8], used: usize) -> Way {
    let (from, to) = (way.at as u32, (way.at + used) as u32);
    let mut next = Way {
        at: way.at + used,
        ..way
    };
    for byte in says {
        next.state = secrets.step(next.state, *byte);
        steps.push(Step {
            before: next.step,
            from,
            to,
            counts: true,
            secret: secrets.longest(next.state),
        });
        next.step = steps.len() as u32 - 1;
    }
    if says.is_empty() {
        steps.push(Step {
            before: next.step,
            from,
            to,
            counts: false,
            secret: 0,
        });
        next.step = steps.len() as u32 - 1;
    }
    next
}

/// What a way ends in may go on behind the end.
fn mark_begun(steps: &mut [Step], secrets: &Automaton, way: Way) {
    if let Some(step) = steps.get_mut(way.step as usize) {
        step.secret = step.secret.max(secrets.begun(way.state));
    }
}

/// Whether a text ends in what may be the beginning of an escape.
fn is_cut_escape(rest: &[u8]) -> bool {
    rest.len() < escape::LONGEST && rest.first().copied().is_some_and(escape::may_begin)
}

/// How long the character is that a text begins with, when nobody sees it.
fn unseen(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b' '..=b'~' => None,
        _ => {
            let head = &text[..text.len().min(4)];
            let c = head.utf8_chunks().next()?.valid().chars().next()?;
            (!is_harmless(c)).then(|| c.len_utf8())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(secrets: &[&str], text: &str, cut: bool) -> String {
        let automaton = Automaton::of(secrets.iter().map(|secret| secret.as_bytes()));
        let mut shown: Vec<u8> = text.into();
        let found = |range: Range<usize>| shown[range].fill(b'_');
        search(text.as_bytes(), &automaton, cut, found)
            .ok()
            .expect("an end");
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn an_escape_is_read_as_what_it_says_and_as_what_it_is() {
        for (secret, text, shown) in [
            ("a&b", "xa%26bx", "x_____x"),
            ("a%26b", "xa%26bx", "x_____x"),
            ("a%26b", "xa%2526bx", "x_______x"),
            ("abc&d", "%abc%26d", "%_______"), // `%ab` is no escape here
            ("n&x", "\\n&amp;x", "\\_______"),
            ("é&", "x&#233;\\u0026", "x____________"),
            ("secret", "sec\r\nret!", "________!"),
            ("secret", "sec\u{200b}ret!", "_________!"),
        ] {
            assert_eq!(marked(&[secret], text, false), shown, "{secret} in {text}");
        }
    }

    #[test]
    fn overlapping_secrets_are_marked_whole() {
        assert_eq!(marked(&["abcd", "cdef"], "xabcdefx", false), "x______x");
        assert_eq!(
            marked(&["abc", "abcdef"], "abcdex abcdef", false),
            "___dex ______"
        );
        assert_eq!(marked(&["aaa"], "aaaaa a", false), "_____ a");
    }

    #[test]
    fn the_end_of_a_text_that_was_cut_may_be_a_beginning() {
        assert_eq!(marked(&["secret"], "a sec", true), "a ___");
        assert_eq!(marked(&["sec/ret"], "a sec%2", true), "a ___%2");
        assert_eq!(marked(&["secret"], "a sec", false), "a sec");
    }

    #[test]
    fn the_work_grows_with_the_text_and_not_with_the_secret() {
        let secret = "a".repeat(4000) + "b";
        let automaton = Automaton::of([secret.as_bytes()].into_iter());
        for text in [
            "a".repeat(16_000),
            "%61".repeat(5_000),
            "\\\\".repeat(8_000),
        ] {
            let steps = super::super::automaton::count::during(|| {
                let _ = search(text.as_bytes(), &automaton, false, |_| {});
            });
            assert!(steps <= 8 * text.len(), "{steps} for {}", text.len());
        }
    }
}
