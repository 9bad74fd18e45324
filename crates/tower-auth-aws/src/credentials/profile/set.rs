//! Both files together.

use super::parse::{self, Properties, Section, nested};
use crate::credentials::{CredentialsError, ProviderContext, error::Errors, file};
use std::{collections::BTreeMap, path::PathBuf};

/// Far beyond any real file.
const MAX_FILE: usize = 1 << 20;

/// The profiles and sessions of `~/.aws/config` and `~/.aws/credentials`.
#[derive(Default)]
pub(in crate::credentials) struct ProfileSet {
    profiles: BTreeMap<String, Properties>,
    sessions: BTreeMap<String, Properties>,
    services: BTreeMap<String, Properties>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Config,
    Credentials,
}

/// A profile or another section, and how it is called.
#[derive(Clone, Copy)]
pub(in crate::credentials) struct Entry<'a> {
    pub(in crate::credentials) name: &'a str,
    properties: &'a Properties,
}

impl<'a> Entry<'a> {
    /// A property; one with an empty value counts as unset.
    pub(in crate::credentials) fn get(&self, property: &str) -> Option<&'a str> {
        let value = self.properties.get(property)?.as_str();
        (!value.is_empty()).then_some(value)
    }
}

impl ProfileSet {
    /// Reads the files that the context names. Files that do not exist count as empty.
    pub(in crate::credentials) async fn load(
        context: &ProviderContext,
        errors: Errors,
    ) -> Result<Self, CredentialsError> {
        let mut set = Self::default();
        let files = [
            (Kind::Config, "AWS_CONFIG_FILE", "config"),
            (
                Kind::Credentials,
                "AWS_SHARED_CREDENTIALS_FILE",
                "credentials",
            ),
        ];
        for (kind, variable, name) in files {
            let Some(path) = path(context, variable, name) else {
                continue;
            };
            let Some(text) = file::read(&path, MAX_FILE, "the file", errors).await? else {
                continue;
            };
            let sections = parse::parse(&text).map_err(|error| {
                let (path, line, why) = (path.display(), error.line, error.why);
                errors.malformed(format!("line {line} of `{path}`: {why}"))
            })?;
            set.add(kind, sections);
        }
        Ok(set)
    }

    /// Takes up sections. Those of the credentials file come last and win, property by property.
    fn add(&mut self, file: Kind, sections: Vec<Section<'_>>) {
        // `[profile default]` and `[default]` are one profile; when a file has both, the first form counts.
        let prefixed_default = file == Kind::Config
            && sections
                .iter()
                .any(|s| s.kind == Some("profile") && s.name == "default");
        for section in sections {
            let (sections, name) = match (file, section.kind) {
                (Kind::Config, None) if section.name == "default" && !prefixed_default => {
                    (&mut self.profiles, section.name)
                }
                (Kind::Config, Some("profile")) => (&mut self.profiles, section.name),
                (Kind::Config, Some("sso-session")) => (&mut self.sessions, section.name),
                (Kind::Config, Some("services")) => (&mut self.services, section.name),
                (Kind::Credentials, kind) if kind != Some("profile") => {
                    (&mut self.profiles, section.whole)
                }
                _ => {
                    tracing::warn!(
                        section = section.whole,
                        "this section is ignored: in the config file a profile is written `[profile name]`, \
                         in the credentials file `[name]`"
                    );
                    continue;
                }
            };
            sections
                .entry(name.to_owned())
                .or_default()
                .extend(section.properties);
        }
    }

    pub(in crate::credentials) fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }

    pub(in crate::credentials) fn profile(&self, name: &str) -> Option<Entry<'_>> {
        entry(&self.profiles, name)
    }

    pub(in crate::credentials) fn session(&self, name: &str) -> Option<Entry<'_>> {
        entry(&self.sessions, name)
    }

    /// The endpoint that a profile sets for one service (`services` section), else for all.
    pub(in crate::credentials) fn endpoint_url(
        &self,
        profile: &str,
        service: &str,
    ) -> Option<&str> {
        let profile = self.profile(profile)?;
        profile
            .get("services")
            .and_then(|name| entry(&self.services, name))
            .and_then(|services| nested(services.get(service)?, "endpoint_url"))
            .or_else(|| profile.get("endpoint_url"))
    }
}

fn entry<'a>(sections: &'a BTreeMap<String, Properties>, name: &str) -> Option<Entry<'a>> {
    let (name, properties) = sections.get_key_value(name)?;
    Some(Entry { name, properties })
}

fn path(context: &ProviderContext, variable: &str, name: &str) -> Option<PathBuf> {
    let env = &context.env;
    match env.get(variable) {
        Some(path) => Some(env.path(&path)),
        None => Some(env.home()?.join(".aws").join(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(config: &str, credentials: &str) -> ProfileSet {
        let mut set = ProfileSet::default();
        set.add(Kind::Config, parse::parse(config).unwrap());
        set.add(Kind::Credentials, parse::parse(credentials).unwrap());
        set
    }

    fn get(set: &ProfileSet, profile: &str, property: &str) -> Option<String> {
        Some(set.profile(profile)?.get(property)?.to_owned())
    }

    #[test]
    fn the_credentials_file_wins_property_by_property() {
        let set = set(
            "[profile a]\nx = config\ny = config",
            "[a]\nx = credentials\nz =",
        );
        assert_eq!(get(&set, "a", "x").unwrap(), "credentials");
        assert_eq!(get(&set, "a", "y").unwrap(), "config");
        assert_eq!(get(&set, "a", "z"), None);
    }

    #[test]
    fn each_file_has_its_own_way_to_name_a_profile() {
        let set = set(
            "[a]\nx=1\n[profile b]\nx=1\n[default]\nx=1\n[profile 'my own']\n[profilee]",
            "[profile c]\nx=1\n[d]\nx=1\n[her own]\n[ \"his own\" ]\n[sso-sessione]",
        );
        let names: Vec<_> = set.profiles.keys().collect();
        let expected = [
            "b",
            "d",
            "default",
            "her own",
            "his own",
            "my own",
            "sso-sessione",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_prefixed_default_profile_counts() {
        for config in [
            "[default]\nx = bare\n[profile default]\ny = prefixed",
            "[profile default]\ny = prefixed\n[default]\nx = bare",
        ] {
            let set = set(config, "");
            assert_eq!(get(&set, "default", "x"), None);
            assert_eq!(get(&set, "default", "y").unwrap(), "prefixed");
        }
    }

    #[test]
    fn sections_of_one_name_are_one_profile() {
        let set = set("[profile a]\nx=1\ny=1\n[profile a]\nx=2", "");
        assert_eq!(get(&set, "a", "x").unwrap(), "2");
        assert_eq!(get(&set, "a", "y").unwrap(), "1");
    }

    #[test]
    fn an_endpoint_is_that_of_the_service_before_that_of_the_profile() {
        let set = set(
            "[profile a]\nservices = local\nendpoint_url = http://all\n[services local]\nsts =\n  endpoint_url = http://sts",
            "",
        );
        assert_eq!(set.endpoint_url("a", "sts"), Some("http://sts"));
        assert_eq!(set.endpoint_url("a", "sso"), Some("http://all"));
        assert_eq!(set.endpoint_url("b", "sso"), None);
    }
}
