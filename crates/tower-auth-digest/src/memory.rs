//! What servers have asked for so far.

use crate::{
    challenge::{Challenge, Strength},
    response,
};
use http::Uri;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU32, Ordering},
};
use tower_auth_core::Origin;
use zeroize::Zeroizing;

/// So many origins are remembered; then the one that was learned first is forgotten.
const MOST_ORIGINS: usize = 64;

/// A challenge of an origin, and how often its nonce was used.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) origin: Origin,
    pub(crate) challenge: Challenge,
    secret: Secret,
    /// For `-sess` algorithms, whose secret is made of it: the same for the whole session.
    pub(crate) cnonce: Option<String>,
    /// Of this nonce. Whoever has the same nonce goes on with it.
    count: Arc<AtomicU32>,
    accepted: AtomicBool,
}

#[derive(Clone)]
struct Secret(Zeroizing<String>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Session {
    pub(crate) fn new(
        origin: Origin,
        challenge: Challenge,
        username: &str,
        password: &str,
        cnonce: Option<String>,
    ) -> Self {
        let client_nonce = cnonce.as_deref().unwrap_or("");
        let secret = response::secret(&challenge, username, password, client_nonce);
        Self {
            origin,
            challenge,
            secret: Secret(secret),
            cnonce,
            count: Arc::default(),
            accepted: AtomicBool::new(false),
        }
    }

    /// Comes after another one: when the nonce is the same, its count goes on. A server that counts along would take the
    /// first counts, once more, for a replay.
    pub(crate) fn after(mut self, previous: &Self) -> Self {
        if self.challenge.nonce == previous.challenge.nonce {
            self.count = Arc::clone(&previous.count);
        }
        self
    }

    /// The same session with another nonce: its secret stays, which is made once after a challenge (RFC 7616 section
    /// 3.4.2), and so does what is known of the password.
    pub(crate) fn with_next_nonce(&self, nonce: Vec<u8>) -> Self {
        Self {
            origin: self.origin.clone(),
            challenge: Challenge {
                nonce,
                ..self.challenge.clone()
            },
            secret: self.secret.clone(),
            cnonce: self.cnonce.clone(),
            count: Arc::default(),
            accepted: AtomicBool::new(self.was_accepted()),
        }
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret.0
    }

    /// The next nonce count: 1 for the first request. `None` when all are used up.
    pub(crate) fn next_count(&self) -> Option<u32> {
        let next = |count: u32| count.checked_add(1);
        let last = self
            .count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .ok()?;
        Some(last + 1)
    }

    fn is_used_up(&self) -> bool {
        self.count.load(Ordering::Relaxed) == u32::MAX
    }

    pub(crate) fn was_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }
}

/// The sessions, one for each origin; and what each protection space has accepted.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    sessions: Vec<Arc<Session>>,
    spaces: Vec<Space>,
}

/// A protection space (RFC 9110 section 11.5), and the strongest answer that it accepted.
#[derive(Debug)]
struct Space {
    origin: Origin,
    realm: Vec<u8>,
    strength: Strength,
}

impl Memory {
    /// The session for a URI. Does not allocate.
    pub(crate) fn find(&self, uri: &Uri) -> Option<Arc<Session>> {
        self.with(|known| {
            let mut sessions = known.sessions.iter();
            sessions.find(|session| session.origin.covers(uri)).cloned()
        })
    }

    /// Puts a session in the place of the one that a request was sent with. When somebody else did so meanwhile, theirs
    /// stays: it is as fresh, and its nonce is in use.
    ///
    /// Answers with the session of this very challenge: the new one, or theirs when it is of the same nonce and realm.
    pub(crate) fn replace(&self, sent: Option<&Arc<Session>>, new: Session) -> Arc<Session> {
        self.with(|Known { sessions, .. }| {
            let position = sessions.iter().position(|old| old.origin == new.origin);
            let Some(at) = position else {
                let new = Arc::new(new);
                push(sessions, Arc::clone(&new));
                return new;
            };
            let current = &mut sessions[at];
            let unchanged = match sent {
                Some(sent) => Arc::ptr_eq(sent, current),
                None => current.is_used_up(),
            };
            let (old, asked) = (&current.challenge, &new.challenge);
            if !unchanged && old.nonce == asked.nonce && old.realm == asked.realm {
                return Arc::clone(current);
            }
            let new = Arc::new(new.after(current));
            if unchanged {
                *current = Arc::clone(&new);
            }
            new
        })
    }

    /// The answer to this session's challenge was accepted.
    pub(crate) fn accept(&self, session: &Session) {
        if session.accepted.swap(true, Ordering::Relaxed) {
            return;
        }
        let (origin, challenge) = (&session.origin, &session.challenge);
        self.with(|Known { spaces, .. }| {
            let strength = challenge.strength();
            match spaces
                .iter_mut()
                .find(|space| space.is(origin, &challenge.realm))
            {
                Some(space) => space.strength.raise(strength),
                None => push(
                    spaces,
                    Space {
                        origin: origin.clone(),
                        realm: challenge.realm.clone(),
                        strength,
                    },
                ),
            }
        });
    }

    /// Whether a challenge asks for less than its protection space has accepted.
    pub(crate) fn is_weaker(&self, origin: &Origin, challenge: &Challenge) -> bool {
        self.with(|Known { spaces, .. }| {
            let mut spaces = spaces.iter();
            let space = spaces.find(|space| space.is(origin, &challenge.realm));
            space.is_some_and(|space| challenge.strength().is_below(space.strength))
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Known) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Space {
    fn is(&self, origin: &Origin, realm: &[u8]) -> bool {
        self.origin == *origin && self.realm == realm
    }
}

fn push<T>(list: &mut Vec<T>, new: T) {
    if list.len() >= MOST_ORIGINS {
        list.remove(0);
    }
    list.push(new);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::{Policy, choose};
    use http::{HeaderMap, header::WWW_AUTHENTICATE};

    fn session(origin: &str, nonce: &str) -> Session {
        let mut headers = HeaderMap::new();
        let header = format!(r#"Digest realm="r", nonce="{nonce}", qop="auth""#);
        headers.insert(WWW_AUTHENTICATE, header.parse().unwrap());
        let policy = Policy {
            integrity: false,
            md5: true,
        };
        let challenge = choose(&headers, policy).unwrap();
        Session::new(origin.parse().unwrap(), challenge, "user", "hunter2", None)
    }

    #[test]
    fn the_memory_is_bounded_and_each_origin_has_its_own() {
        let memory = Memory::default();
        for port in 1..=MOST_ORIGINS + 1 {
            memory.replace(None, session(&format!("https://h:{port}"), "n"));
        }
        assert!(memory.find(&"https://h:1/".parse().unwrap()).is_none());
        assert!(memory.find(&"https://h:2/".parse().unwrap()).is_some());
        assert!(memory.find(&"https://other:2/".parse().unwrap()).is_none());
        assert_eq!(memory.with(|known| known.sessions.len()), MOST_ORIGINS);
    }

    #[test]
    fn what_others_learned_meanwhile_stays() {
        let memory = Memory::default();
        let uri = "https://h/".parse().unwrap();
        let nonce = || memory.find(&uri).unwrap().challenge.nonce.clone();
        memory.replace(None, session("https://h", "one"));
        memory.replace(None, session("https://h", "two"));
        assert_eq!(nonce(), b"one");
        let one = memory.find(&uri);
        memory.replace(one.as_ref(), session("https://h", "three"));
        memory.replace(one.as_ref(), session("https://h", "four"));
        assert_eq!(nonce(), b"three");
    }

    #[test]
    fn a_session_whose_counts_are_used_up_makes_room() {
        let memory = Memory::default();
        let uri = "https://h/".parse().unwrap();
        memory.replace(None, session("https://h", "one"));
        let one = memory.find(&uri).unwrap();
        one.count.store(u32::MAX, Ordering::Relaxed);
        assert_eq!(one.next_count(), None);
        // The request goes out without an answer, and comes back with a challenge.
        memory.replace(None, session("https://h", "two"));
        assert_eq!(memory.find(&uri).unwrap().challenge.nonce, b"two");
    }

    #[test]
    fn counts_end_and_secrets_are_not_shown() {
        let session = session("https://h", "n");
        assert_eq!(session.next_count(), Some(1));
        assert_eq!(session.next_count(), Some(2));
        session.count.store(u32::MAX - 1, Ordering::Relaxed);
        assert_eq!(session.next_count(), Some(u32::MAX));
        assert_eq!(session.next_count(), None);
        let shown = format!("{session:?}");
        assert!(!shown.contains("hunter2") && !shown.contains(session.secret()));
    }
}
