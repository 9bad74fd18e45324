//! Both files together.

use super::parse::{self, Properties, Section, nested};
use crate::credentials::{CredentialsError, ProviderContext, error::Errors, file};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Far beyond any real file.
const MAX_FILE: usize = 1 << 20;

/// The profiles and sessions of `~/.aws/config` and `~/.aws/credentials`.
#[derive(Default)]
pub(in crate::credentials) struct ProfileSet {
    profiles: Sections,
    sessions: Sections,
    services: Sections,
    /// The first fault of no section that has a name.
    stray: Option<String>,
}

type Sections = BTreeMap<String, Stored>;

/// What the sections of one name hold.
#[derive(Default)]
struct Stored {
    properties: Properties,
    fault: Option<String>,
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
        let value = self.properties.get(property)?.trim_end();
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
            let Some(text) = file::read(&context.env, &path, MAX_FILE, "the file", errors).await?
            else {
                continue;
            };
            set.add(kind, &path, parse::parse(file::without_mark(text.expose())));
        }
        Ok(set)
    }

    /// Takes up sections. Those of the credentials file come last and win, property by property.
    fn add(&mut self, file: Kind, path: &Path, sections: Vec<Section<'_>>) {
        // `[profile default]` and `[default]` are one profile; when a file has both, the first form counts.
        let prefixed_default = file == Kind::Config
            && sections
                .iter()
                .any(|s| s.header.kind == Some("profile") && s.header.name == "default");
        for section in sections {
            let fault = section.fault.map(|fault| {
                let (path, line, why) = (path.display(), fault.line, fault.why);
                format!("line {line} of `{path}`: {why}")
            });
            let header = section.header;
            let (sections, name) = match (file, header.kind) {
                _ if header.whole.is_empty() => {
                    self.stray = self.stray.take().or(fault);
                    continue;
                }
                (Kind::Config, None) if header.name == "default" && !prefixed_default => {
                    (&mut self.profiles, &*header.name)
                }
                (Kind::Config, Some("profile")) => (&mut self.profiles, &*header.name),
                (Kind::Config, Some("sso-session")) => (&mut self.sessions, &*header.name),
                (Kind::Config, Some("services")) => (&mut self.services, &*header.name),
                (Kind::Credentials, kind) if kind != Some("profile") => {
                    (&mut self.profiles, header.whole)
                }
                _ => {
                    tracing::warn!(
                        section = header.whole,
                        "this section is ignored: in the config file a profile is written `[profile name]`, \
                         in the credentials file `[name]`"
                    );
                    continue;
                }
            };
            let stored = sections.entry(name.to_owned()).or_default();
            stored.properties.extend(section.properties);
            stored.fault = stored.fault.take().or(fault);
        }
    }

    pub(in crate::credentials) fn is_empty(&self) -> bool {
        self.profiles.is_empty() && self.stray.is_none()
    }

    /// Why a section may not be found: a fault outside of those that were read.
    pub(in crate::credentials) fn stray(&self) -> Option<&str> {
        self.stray.as_deref()
    }

    /// A profile. A fault in it is an error; one in another is of no matter.
    pub(in crate::credentials) fn profile(
        &self,
        name: &str,
        errors: Errors,
    ) -> Result<Option<Entry<'_>>, CredentialsError> {
        entry(&self.profiles, name, errors)
    }

    pub(in crate::credentials) fn session(
        &self,
        name: &str,
        errors: Errors,
    ) -> Result<Option<Entry<'_>>, CredentialsError> {
        entry(&self.sessions, name, errors)
    }

    /// A property of a profile, if there is both.
    pub(in crate::credentials) fn property(
        &self,
        profile: &str,
        property: &str,
        errors: Errors,
    ) -> Result<Option<&str>, CredentialsError> {
        let profile = self.profile(profile, errors)?;
        Ok(profile.and_then(|profile| profile.get(property)))
    }

    /// The endpoint that a profile sets for one service (`services` section), else for all.
    pub(in crate::credentials) fn endpoint_url(
        &self,
        profile: &str,
        service: &str,
        errors: Errors,
    ) -> Result<Option<&str>, CredentialsError> {
        let Some(profile) = self.profile(profile, errors)? else {
            return Ok(None);
        };
        let services = match profile.get("services") {
            Some(name) => entry(&self.services, name, errors)?,
            None => None,
        };
        let own = services.and_then(|services| nested(services.get(service)?, "endpoint_url"));
        Ok(own.or_else(|| profile.get("endpoint_url")))
    }
}

fn entry<'a>(
    sections: &'a Sections,
    name: &str,
    errors: Errors,
) -> Result<Option<Entry<'a>>, CredentialsError> {
    let Some((name, stored)) = sections.get_key_value(name) else {
        return Ok(None);
    };
    match &stored.fault {
        Some(fault) => Err(errors.malformed(format!("section `{name}` cannot be read: {fault}"))),
        None => Ok(Some(Entry {
            name,
            properties: &stored.properties,
        })),
    }
}

fn path(context: &ProviderContext, variable: &str, name: &str) -> Option<PathBuf> {
    let env = &context.env;
    match env.var(variable) {
        Some(path) => Some(env.path(&path)),
        None => Some(env.home()?.join(".aws").join(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERRORS: Errors = Errors("test");

    fn set(config: &str, credentials: &str) -> ProfileSet {
        let mut set = ProfileSet::default();
        let file = Path::new("file");
        set.add(Kind::Config, file, parse::parse(config));
        set.add(Kind::Credentials, file, parse::parse(credentials));
        set
    }

    fn get(set: &ProfileSet, profile: &str, property: &str) -> Option<String> {
        let value = set.property(profile, property, ERRORS).unwrap()?;
        Some(value.to_owned())
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
        assert_eq!(
            set.endpoint_url("a", "sts", ERRORS).unwrap(),
            Some("http://sts")
        );
        assert_eq!(
            set.endpoint_url("a", "sso", ERRORS).unwrap(),
            Some("http://all")
        );
        assert_eq!(set.endpoint_url("b", "sso", ERRORS).unwrap(), None);
    }

    #[test]
    fn a_fault_is_reported_when_its_section_is_used_and_not_before() {
        let set = set(
            "stray = 1\n[profile a]\nnothing\n[profile b]\nx=1\n[services s]\nsts =\n  x\n[profile c\nx=1",
            "[b]\ny=1\n[d]\n: v",
        );
        assert_eq!(get(&set, "b", "x").unwrap(), "1");
        assert_eq!(get(&set, "b", "y").unwrap(), "1");
        for (name, line) in [("a", "line 3"), ("d", "line 4")] {
            let error = set.profile(name, ERRORS).err().unwrap().to_string();
            assert!(error.contains(line) && error.contains(name), "{error}");
        }
        assert!(set.profile("c", ERRORS).unwrap().is_none());
        assert!(set.stray().unwrap().contains("line 1"));
    }
}
