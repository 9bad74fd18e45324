//! Whether a file can be believed.

use super::{StoreError, StoreErrorKind};
use std::{fs::Metadata, path::Path};

/// Who may be able to write the file, beside its owner.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Writers {
    /// Nobody: not even a group, unless it is the owner's own.
    Owner,
    /// The group of the file, whoever is in it.
    Group,
}

/// Who can write a file of tokens decides what requests carry, so that may be its owner only: this user, or root, who can
/// do so anyway. Under a umask of 002 files are made that their group can write, for users whose group is theirs alone.
#[cfg(unix)]
pub(super) fn check(path: &Path, meta: &Metadata, writers: Writers) -> Result<(), StoreError> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    const GROUP_WRITES: u32 = 0o020;
    const OTHERS_WRITE: u32 = 0o002;
    let path = path.display();
    let ours = rustix::process::geteuid().as_raw();
    let (owner, mode) = (meta.uid(), meta.permissions().mode() & 0o7777);
    let group_may = || writers == Writers::Group || accounts::is_private(owner, meta.gid());
    let text = if owner != ours && owner != 0 {
        format!("`{path}` belongs to user {owner}, not to {ours}; `chown` it, or remove it")
    } else if mode & OTHERS_WRITE != 0 {
        format!(
            "`{path}` can be written by others (mode {mode:o}); look what it holds, then `chmod 600` it"
        )
    } else if mode & GROUP_WRITES != 0 && !group_may() {
        format!(
            "`{path}` can be written by its group {} (mode {mode:o}), which is not known to be its owner's alone; look \
             what it holds, then `chmod 600` it, or tell the store to `allow_group_writers`",
            meta.gid()
        )
    } else {
        return Ok(());
    };
    Err(StoreError::new(StoreErrorKind::Untrusted, text))
}

/// Elsewhere, the folder says who can write.
#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: &Metadata, _: Writers) -> Result<(), StoreError> {
    Ok(())
}

/// The accounts of this machine, as far as its files name them.
#[cfg(unix)]
mod accounts {
    use std::{fs::File, io::Read as _};

    /// More than any machine has.
    const MOST: u64 = 4 << 20;

    /// Whether this group is the private one of this user: of the user's name, the user's primary one, with no other
    /// member, and nobody else's primary one. What the files do not name (users of a directory service) is not.
    pub(super) fn is_private(user: u32, group: u32) -> bool {
        let (Some(users), Some(groups)) = (read("/etc/passwd"), read("/etc/group")) else {
            return false;
        };
        judge(&users, &groups, user, group)
    }

    fn read(path: &str) -> Option<String> {
        let mut text = String::new();
        let mut file = File::open(path).ok()?.take(MOST + 1);
        let size = file.read_to_string(&mut text).ok()?;
        (size as u64 <= MOST).then_some(text)
    }

    /// `passwd`: name, password, uid, gid, …; `group`: name, password, gid, members. A line that cannot be read may be
    /// about anybody, so then nobody is alone. Comments, blank lines and those of NIS (`+`) are about no private group.
    fn judge(users: &str, groups: &str, user: u32, group: u32) -> bool {
        let mut name = None;
        for line in entries(users) {
            let fields: Vec<_> = line.split(':').collect();
            let [login, _, uid, gid, ..] = fields[..] else {
                return false;
            };
            let (Ok(uid), Ok(gid)) = (uid.parse::<u32>(), gid.parse::<u32>()) else {
                return false;
            };
            match (uid == user, gid == group) {
                (true, true) if name.is_none_or(|name| name == login) => name = Some(login),
                (false, false) => {}
                _ => return false, // another user of this group, or this user with another one
            }
        }
        let Some(name) = name else {
            return false;
        };
        let mut is_named = false;
        for line in entries(groups) {
            let fields: Vec<_> = line.split(':').collect();
            let [named, _, gid, members] = fields[..] else {
                return false;
            };
            let Ok(gid) = gid.parse::<u32>() else {
                return false;
            };
            if gid != group {
                continue;
            }
            let members = members.split(',').map(str::trim);
            let mut others = members.filter(|member| !member.is_empty() && *member != name);
            if named != name || others.next().is_some() {
                return false;
            }
            is_named = true;
        }
        is_named
    }

    fn entries(text: &str) -> impl Iterator<Item = &str> {
        let lines = text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '+', '-']))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const USERS: &str = "root:x:0:0:root:/root:/bin/sh\n# c\n\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:100::/:\n";
        const GROUPS: &str = "root:x:0:\nusers:x:100:\nann:x:1000:\nbob:x:1001:\n";

        #[test]
        fn a_group_is_private_when_it_is_of_the_users_name_and_nobody_else_is_in_it() {
            assert!(judge(USERS, GROUPS, 1000, 1000));
            assert!(judge(USERS, GROUPS, 0, 0));
            // Members name their own.
            assert!(judge(USERS, "ann:x:1000:ann\n", 1000, 1000));
            // A primary group that is everybody's, and one that is not the primary one.
            assert!(!judge(USERS, GROUPS, 1001, 100));
            assert!(!judge(USERS, GROUPS, 1001, 1001));
            assert!(!judge(USERS, GROUPS, 1000, 100));
        }

        #[test]
        fn a_group_that_somebody_else_is_in_or_may_be_in_is_not_private() {
            for groups in [
                "ann:x:1000:bob\n",
                "ann:x:1000:ann,bob\n",
                "staff:x:1000:\n",
                "ann:x:1000:\nalias:x:1000:bob\n",
                "ann:x:1000\n",
                "ann:x:1000:\nbroken\n",
                "",
            ] {
                assert!(!judge(USERS, groups, 1000, 1000), "{groups}");
            }
            let with = |line: &str| format!("{USERS}{line}\n");
            for line in [
                "eve:x:1002:1000::/:",
                "two:x:1000:1000::/:",
                "ann:x:1000:100::/:",
                "broken",
                "odd:x:-1:1000::/:",
            ] {
                assert!(!judge(&with(line), GROUPS, 1000, 1000), "{line}");
            }
            // A directory service knows this user.
            assert!(!judge(USERS, GROUPS, 5000, 5000));
        }
    }
}
