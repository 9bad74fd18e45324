//! Which URLs a container may fetch its credentials from.

use super::ERRORS;
use crate::credentials::{
    CredentialsError, Env,
    config::endpoint::{absolute, address, is_loopback},
};
use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ECS: &str = "http://169.254.170.2";

/// The agents that may be spoken to in the clear: of ECS, and of EKS by its two addresses.
const AGENTS: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

pub(super) fn target(env: &Env) -> Result<Uri, CredentialsError> {
    if let Some(path) = env.var("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        let uri = path
            .starts_with('/')
            .then(|| absolute(&format!("{ECS}{path}")))
            .flatten();
        return uri.ok_or_else(|| {
            ERRORS.configuration(
                "`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` is not a path that begins with `/`",
            )
        });
    }
    let url = env.var("AWS_CONTAINER_CREDENTIALS_FULL_URI").ok_or_else(|| {
        ERRORS.not_configured(
            "neither `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` nor `AWS_CONTAINER_CREDENTIALS_FULL_URI` is set",
        )
    })?;
    let uri = absolute(&url).ok_or_else(|| {
        ERRORS.configuration("`AWS_CONTAINER_CREDENTIALS_FULL_URI` is not an http(s) URL")
    })?;
    if is_allowed(&uri) {
        Ok(uri)
    } else {
        Err(ERRORS.configuration(
            "`AWS_CONTAINER_CREDENTIALS_FULL_URI` is plain http to a host that is neither this machine nor an agent of \
             ECS or EKS (169.254.170.2, 169.254.170.23, fd00:ec2::23); use https",
        ))
    }
}

fn is_allowed(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
        || is_loopback(uri)
        || address(uri).is_some_and(|address| AGENTS.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::CredentialsErrorKind;

    fn of(name: &str, value: &str) -> Result<String, CredentialsErrorKind> {
        let env = Env::from_iter([(name, value)]);
        target(&env)
            .map(|uri| uri.to_string())
            .map_err(|e| e.kind())
    }

    #[test]
    fn a_relative_path_cannot_name_another_host() {
        let relative = |path| of("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", path);
        assert_eq!(
            relative("/v2/credentials/id").unwrap(),
            "http://169.254.170.2/v2/credentials/id"
        );
        assert_eq!(
            relative("//evil.com/").unwrap(),
            "http://169.254.170.2//evil.com/"
        );
        assert_eq!(relative("/a b").unwrap(), "http://169.254.170.2/a%20b");
        for bad in [
            "@evil.com/",
            ".evil.com/",
            ":80@evil.com",
            "v2",
            "http://evil.com/",
        ] {
            assert_eq!(
                relative(bad),
                Err(CredentialsErrorKind::Configuration),
                "{bad}"
            );
        }
        assert_eq!(relative(" "), Err(CredentialsErrorKind::NotConfigured));
    }

    #[test]
    fn only_https_this_machine_and_the_agents_are_allowed() {
        let full = |url| of("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
        for good in [
            "https://example.com/credentials",
            "http://localhost:8080/c",
            "http://127.0.0.1/c",
            "http://127.1.2.3/c",
            "http://[::1]:80/c",
            "http://169.254.170.2/c",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://[fd00:0ec2:0::23]/v1/credentials",
        ] {
            assert_eq!(full(good).unwrap(), good);
        }
        for bad in [
            "http://example.com/c",
            "http://169.254.169.254/c",
            "http://169.254.170.2.evil.com/c",
            "http://169.254.170.2@evil.com/c",
            "http://localhost.evil.com/c",
            "http://[fd00:ec2::24]/c",
            "http://192.168.1.1/c",
            "ftp://localhost/c",
            "/c",
            "localhost",
        ] {
            assert_eq!(full(bad), Err(CredentialsErrorKind::Configuration), "{bad}");
        }
    }
}
