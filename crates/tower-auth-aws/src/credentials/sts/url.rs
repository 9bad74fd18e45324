//! Where STS is.

use crate::credentials::endpoint;

/// That of the region, else the global one.
pub(super) fn url(region: Option<&str>, fips: bool) -> String {
    let sts = if fips { "sts-fips" } else { "sts" };
    match region {
        None | Some("aws-global") => "https://sts.amazonaws.com/".to_owned(),
        Some(region) => format!("https://{sts}.{region}.{}/", endpoint::dns_suffix(region)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_its_own_endpoint() {
        for (region, fips, expected) in [
            (None, false, "https://sts.amazonaws.com/"),
            (Some("aws-global"), false, "https://sts.amazonaws.com/"),
            (
                Some("eu-central-1"),
                false,
                "https://sts.eu-central-1.amazonaws.com/",
            ),
            (
                Some("us-gov-west-1"),
                true,
                "https://sts-fips.us-gov-west-1.amazonaws.com/",
            ),
            (
                Some("cn-north-1"),
                false,
                "https://sts.cn-north-1.amazonaws.com.cn/",
            ),
            (
                Some("us-isob-east-1"),
                false,
                "https://sts.us-isob-east-1.sc2s.sgov.gov/",
            ),
        ] {
            assert_eq!(url(region, fips), expected);
        }
    }
}
