//! Many secrets looked for at once, in one go over the text (Aho and Corasick).

use zeroize::{DefaultIsZeroes, Zeroizing};

/// How much of some secret the text before ends in.
pub(super) type State = u32;
/// None of any.
pub(super) const ROOT: State = 0;

/// A node of the tree of secrets. Index 0 is the root, and stands for "none" where another node is named.
#[derive(Clone, Copy, Default)]
struct Node {
    byte: u8,
    child: State,
    sibling: State,
    fail: State,  // the longest end of this that begins a secret, too
    depth: u16,   // how long this is
    longest: u16, // how long the longest secret is that this ends in
}

impl DefaultIsZeroes for Node {}

/// All secrets. Letters count alike in upper and lower case, and so do a plus sign and a blank.
pub(super) struct Automaton(Zeroizing<Vec<Node>>);

impl Automaton {
    /// Of these secrets, none of which is longer than `u16::MAX`.
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        // A vector that grows leaves behind what nobody wipes.
        let bytes: usize = secrets.clone().map(<[u8]>::len).sum();
        let mut automaton = Self(Zeroizing::new(Vec::with_capacity(bytes + 1)));
        automaton.0.push(Node::default());
        for secret in secrets {
            automaton.add(secret);
        }
        automaton.link();
        automaton
    }

    fn add(&mut self, secret: &[u8]) {
        let mut at = ROOT;
        for byte in secret.iter().copied().map(fold) {
            at = match self.child(at, byte) {
                Some(child) => child,
                None => {
                    let new = self.0.len() as State;
                    let parent = &mut self.0[at as usize];
                    let node = Node {
                        byte,
                        sibling: parent.child,
                        depth: parent.depth + 1,
                        ..Node::default()
                    };
                    parent.child = new;
                    self.0.push(node);
                    new
                }
            };
        }
        let node = &mut self.0[at as usize];
        node.longest = node.depth;
    }

    /// Where to go on when a secret does not: level by level, since each answer needs those above.
    fn link(&mut self) {
        let mut level = vec![ROOT];
        while !level.is_empty() {
            let mut next = Vec::new();
            for parent in level {
                let mut child = self.0[parent as usize].child;
                while child != ROOT {
                    let Node { byte, sibling, .. } = self.0[child as usize];
                    let fail = match parent {
                        ROOT => ROOT,
                        parent => self.step_folded(self.0[parent as usize].fail, byte),
                    };
                    let inherited = self.0[fail as usize].longest;
                    let node = &mut self.0[child as usize];
                    node.fail = fail;
                    node.longest = node.longest.max(inherited);
                    next.push(child);
                    child = sibling;
                }
            }
            level = next;
        }
    }

    fn child(&self, of: State, byte: u8) -> Option<State> {
        let mut child = self.0[of as usize].child;
        while child != ROOT {
            let node = self.0[child as usize];
            if node.byte == byte {
                return Some(child);
            }
            child = node.sibling;
        }
        None
    }

    fn step_folded(&self, mut state: State, byte: u8) -> State {
        loop {
            #[cfg(test)]
            count::one();
            match self.child(state, byte) {
                Some(child) => return child,
                None if state == ROOT => return ROOT,
                None => state = self.0[state as usize].fail,
            }
        }
    }

    /// One byte further.
    pub(super) fn step(&self, state: State, byte: u8) -> State {
        self.step_folded(state, fold(byte))
    }

    /// How many bytes before this are a secret, the longest that ends here.
    pub(super) fn longest(&self, state: State) -> u16 {
        self.0[state as usize].longest
    }

    /// How many bytes before this may be the beginning of one.
    pub(super) fn begun(&self, state: State) -> u16 {
        self.0[state as usize].depth
    }
}

/// Bytes that count alike become the same one.
pub(super) fn fold(byte: u8) -> u8 {
    match byte {
        b'+' => b' ',
        byte => byte.to_ascii_lowercase(),
    }
}

/// How many steps were taken, on this thread.
#[cfg(test)]
pub(super) mod count {
    use std::cell::Cell;

    thread_local!(static STEPS: Cell<usize> = const { Cell::new(0) });

    pub(super) fn one() {
        STEPS.set(STEPS.get() + 1);
    }

    pub(in super::super) fn during(work: impl FnOnce()) -> usize {
        STEPS.set(0);
        work();
        STEPS.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where secrets end, and how long the longest is.
    fn ends(secrets: &[&str], text: &str) -> Vec<(usize, u16)> {
        let automaton = Automaton::of(secrets.iter().map(|secret| secret.as_bytes()));
        let mut state = ROOT;
        let mut found = Vec::new();
        for (at, byte) in text.bytes().enumerate() {
            state = automaton.step(state, byte);
            if automaton.longest(state) > 0 {
                found.push((at + 1, automaton.longest(state)));
            }
        }
        found
    }

    #[test]
    fn every_end_of_a_secret_is_found_with_the_longest_that_ends_there() {
        assert_eq!(
            ends(&["he", "she", "his", "hers"], "uSHErs"),
            [(4, 3), (6, 4)]
        );
        assert_eq!(
            ends(&["aa", "aaaa"], "aaaaa"),
            [(2, 2), (3, 2), (4, 4), (5, 4)]
        );
        assert_eq!(ends(&["abcd", "bc"], "abcabcd"), [(3, 2), (6, 2), (7, 4)]);
        assert_eq!(ends(&["a b"], "A+b"), [(3, 3)]);
        assert_eq!(ends(&[], "abc"), []);
    }
}
