//! Challenges as texts: what core reads, in a form that outlives its header.

use super::Challenge;
use tower_auth_core::challenge;

pub(super) fn challenges(header: &[u8]) -> impl Iterator<Item = Challenge> {
    challenge::parse(header).into_iter().map(|challenge| {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let params = challenge.params().iter();
        Challenge {
            scheme: challenge.scheme().to_owned(),
            token68: challenge.token68().map(str::to_owned),
            parameters: params
                .filter(|(_, value)| !value.is_empty()) // servers write `scope=""` for none
                .map(|(name, value)| (name.to_ascii_lowercase(), text(value)))
                .collect(),
        }
    })
}
