//! Where the services that give credentials are.

use super::ProfileSet;
use crate::credentials::{CredentialsError, ProviderContext, error::Errors};
use http::Uri;
use std::net::IpAddr;
use tower_auth_core::endpoint::{self, Localhost};

/// The domain that the services of a region belong to.
pub(in crate::credentials) fn dns_suffix(region: &str) -> &'static str {
    const SUFFIXES: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("eusc-", "amazonaws.eu"),
    ];
    SUFFIXES
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// The endpoint that environment or profile set for a service.
pub(in crate::credentials) fn configured(
    context: &ProviderContext,
    set: &ProfileSet,
    profile: &str,
    service: &'static str,
    errors: Errors,
) -> Result<Option<Uri>, CredentialsError> {
    let env = &context.env;
    if is_set(
        context,
        set,
        profile,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "ignore_configured_endpoint_urls",
        errors,
    )? {
        return Ok(None);
    }
    let variable = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase());
    let in_env = env.var(&variable).or_else(|| env.var("AWS_ENDPOINT_URL"));
    let url = match in_env.as_deref() {
        Some(url) => Some(url),
        None => set.endpoint_url(profile, service, errors)?,
    };
    let Some(url) = url else {
        return Ok(None);
    };
    let uri = absolute(url).ok_or_else(|| {
        errors.configuration(format!(
            "the endpoint URL set for {service} is not an http(s) URL"
        ))
    })?;
    // What comes back is a secret key.
    if uri.scheme_str() == Some("http") && !is_loopback(&uri) {
        return Err(errors.configuration(format!(
            "the endpoint URL set for {service} is plain http to another machine; use https"
        )));
    }
    Ok(Some(uri))
}

/// Whether the variable says `true`; when it is not set, whether the property of the profile does.
pub(in crate::credentials) fn is_set(
    context: &ProviderContext,
    set: &ProfileSet,
    profile: &str,
    variable: &str,
    property: &str,
    errors: Errors,
) -> Result<bool, CredentialsError> {
    let in_env = context.env.var(variable);
    let text = match in_env.as_deref() {
        Some(text) => Some(text),
        None => set.property(profile, property, errors)?,
    };
    Ok(text.is_some_and(|text| text.eq_ignore_ascii_case("true")))
}

/// An http or https URL with a host, and without user information.
pub(in crate::credentials) fn absolute(url: &str) -> Option<Uri> {
    endpoint::parse_any("endpoint", url).ok()
}

/// The host of a URI, when it is an address.
pub(in crate::credentials) fn address(uri: &Uri) -> Option<IpAddr> {
    endpoint::address(uri.host()?)
}

/// Whether a URI names this machine.
pub(in crate::credentials) fn is_loopback(uri: &Uri) -> bool {
    let authority = uri.authority();
    authority.is_some_and(|authority| endpoint::is_this_machine(authority, Localhost::Counts))
}

/// `base` with this path and query behind its own path.
pub(in crate::credentials) fn join(base: &Uri, path_and_query: &str) -> String {
    let text = base.to_string();
    let text = text.split(['?', '#']).next().unwrap_or_default();
    format!("{}{path_and_query}", text.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_that_name_one_host_are_taken() {
        for url in [
            "",
            "/x",
            "ftp://h/",
            "http://",
            "https://user@h/",
            "https://h@evil/",
            "h:80",
        ] {
            assert!(absolute(url).is_none(), "{url}");
        }
        for (url, loopback) in [
            ("http://localhost:1/", true),
            ("http://LocalHost", true),
            ("http://127.8.9.1", true),
            ("http://[::1]:80/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://localhost.evil.com/", false),
            ("http://169.254.170.2/", false),
            ("http://[fd00:ec2::23]/", false),
        ] {
            assert_eq!(is_loopback(&absolute(url).unwrap()), loopback, "{url}");
        }
    }

    #[test]
    fn a_path_is_put_behind_that_of_the_base() {
        let base = |url| absolute(url).unwrap();
        assert_eq!(join(&base("http://h:1"), "/a?b"), "http://h:1/a?b");
        assert_eq!(join(&base("http://h/x/?y"), "/a"), "http://h/x/a");
    }
}
