//! Queries: as the peer rewrites them, and as we have to leave them.

use crate::case::Judged;
use percent_encoding::percent_decode_str;

/// A parameter, decoded.
pub(super) type Pair = (String, String);

/// The path and the query of a target.
pub(super) fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// The pieces between `&`, as they are. An empty query has none.
fn pieces(target: &str) -> Vec<&str> {
    match split(target).1 {
        "" => Vec::new(),
        query => query.split('&').collect(),
    }
}

/// A piece as a form has it: `+` is a blank, a name alone has the value "".
fn decode(piece: &str) -> Pair {
    let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    (decode(name), decode(value))
}

/// All parameters. Between two `&` without anything there is none.
pub(super) fn pairs(target: &str) -> Vec<Pair> {
    pieces(target)
        .into_iter()
        .filter(|piece| !piece.is_empty())
        .map(decode)
        .collect()
}

/// What httpx makes of parameters when it sets one: repeated names move to the first of them (its documented defect),
/// and the one that is set replaces all of its name.
pub(super) fn peer_sets(before: &[Pair], (name, value): (&str, &str)) -> Vec<Pair> {
    let mut names: Vec<&str> = Vec::new();
    for (other, _) in before {
        if !names.contains(&other.as_str()) {
            names.push(other);
        }
    }
    if !names.contains(&name) {
        names.push(name);
    }
    let mut after = Vec::new();
    for other in names {
        if other == name {
            after.push((name.to_owned(), value.to_owned()));
        } else {
            after.extend(before.iter().filter(|(n, _)| n == other).cloned());
        }
    }
    after
}

/// Whether `ours` is the `before` of the record with our parameters in it, and nothing else changed: each parameter
/// once, with its value, behind the same names as in the recorded `out`, and every other byte as it was.
pub(super) fn compare(before: &str, out: &str, ours: &str, parameters: &[(&str, &str)]) -> Judged {
    let wrong = |why: String| Err(format!("{why}: ours {ours:?}, recorded {out:?}").into());
    if parameters.is_empty() {
        return if ours == before {
            Ok(())
        } else {
            wrong("changes the target".to_owned())
        };
    }
    if split(ours).0 != split(before).0 {
        return wrong("changes the path".to_owned());
    }
    for (name, value) in parameters {
        let values: Vec<_> = pairs(ours).into_iter().filter(|(n, _)| n == name).collect();
        match &values[..] {
            [(_, ours)] if ours == value => {}
            [_] => return wrong(format!("another value of {name:?}")),
            several => return wrong(format!("{} parameters {name:?}", several.len())),
        }
        if names_before(ours, name) != names_before(out, name) {
            return wrong(format!("{name:?} stands elsewhere"));
        }
    }
    let is_ours = |piece: &&str| {
        let (name, _) = decode(piece);
        !piece.is_empty() && parameters.iter().any(|(ours, _)| *ours == name)
    };
    let rest =
        |target| -> Vec<&str> { pieces(target).into_iter().filter(|p| !is_ours(p)).collect() };
    if rest(ours) != rest(before) {
        return wrong("changes the other parameters".to_owned());
    }
    Ok(())
}

/// The names that begin to the left of this one. Where they repeat, the peer moves them, so only the first counts.
fn names_before(target: &str, name: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (other, _) in pairs(target).into_iter().take_while(|(n, _)| n != name) {
        if !names.contains(&other) {
            names.push(other);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(pairs: &[(&str, &str)]) -> Vec<Pair> {
        pairs
            .iter()
            .map(|(n, v)| ((*n).into(), (*v).into()))
            .collect()
    }

    #[test]
    fn parameters_are_decoded_as_forms() {
        assert_eq!(
            pairs("/?a=b%20c+d&flag&&=x&%zz=%FF&e=f=g"),
            owned(&[
                ("a", "b c d"),
                ("flag", ""),
                ("", "x"),
                ("%zz", "\u{fffd}"),
                ("e", "f=g")
            ])
        );
        assert!(pairs("/p").is_empty() && pairs("/p?").is_empty());
    }

    #[test]
    fn the_peer_moves_repeated_names_and_replaces_ours_where_it_stands() {
        let before = pairs("/?a=1&k=old&b=2&a=3&k=older");
        let after = peer_sets(&before, ("k", "new"));
        assert_eq!(after, pairs("/?a=1&a=3&k=new&b=2"));
        assert_eq!(peer_sets(&[], ("k", "v")), pairs("/?k=v"));
    }

    #[test]
    fn only_our_parameter_may_have_changed() {
        let before = "/p?a=1&b=%7e&a=3&k=old&k&c";
        let out = "/p?a=1&a=3&b=~&k=x+y&c=";
        let ours = |ours| compare(before, out, ours, &[("k", "x y")]);
        assert!(ours("/p?a=1&b=%7e&a=3&k=x%20y&c").is_ok());
        assert!(ours("/p?a=1&b=%7e&a=3&k=x+y&c").is_ok());
        for bad in [
            "/q?a=1&b=%7e&a=3&k=x+y&c",
            "/p?a=1&b=%7E&a=3&k=x+y&c",
            "/p?a=1&a=3&b=%7e&k=x+y&c",
            "/p?a=1&b=%7e&a=3&k=x+y&c=",
            "/p?a=1&b=%7e&a=3&c&k=x+y",
            "/p?k=x+y&a=1&b=%7e&a=3&c",
            "/p?a=1&b=%7e&a=3&k=x+y&k=x+y&c",
            "/p?a=1&b=%7e&a=3&k=xy&c",
            "/p?a=1&b=%7e&a=3&c",
            "/p?a=1&b=%7e&a=3&k=x+y&c&d",
            "/p?a=1&b=%7e&a=3&k=x+y",
        ] {
            assert!(ours(bad).is_err(), "{bad}");
        }
        assert!(compare("/?", "/?", "/?", &[]).is_ok());
        assert!(compare("/?", "/?", "/", &[]).is_err());
    }
}
