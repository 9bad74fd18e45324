//! Where STS is.

use crate::credentials::config::endpoint;

/// That of the region, else the global one; with `fips` one whose cryptography is validated.
pub(super) fn url(region: Option<&str>, fips: bool) -> String {
    let region = match region {
        // The global endpoint is not validated; that of the region it signs for is.
        None | Some("aws-global") if fips => "us-east-1",
        None | Some("aws-global") => return "https://sts.amazonaws.com/".to_owned(),
        Some(region) => region,
    };
    // In GovCloud every endpoint is validated, and there is no other name for it.
    let sts = if fips && !region.starts_with("us-gov-") {
        "sts-fips"
    } else {
        "sts"
    };
    format!("https://{sts}.{region}.{}/", endpoint::dns_suffix(region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fips_is_kept_to_without_a_region_and_has_no_name_of_its_own_in_govcloud() {
        let global = "https://sts-fips.us-east-1.amazonaws.com/";
        assert_eq!(url(None, true), global);
        assert_eq!(url(Some("aws-global"), true), global);
        for (region, expected) in [
            ("us-west-2", "https://sts-fips.us-west-2.amazonaws.com/"),
            ("us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com/"),
            ("us-gov-east-1", "https://sts.us-gov-east-1.amazonaws.com/"),
        ] {
            assert_eq!(url(Some(region), true), expected);
        }
    }

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
                false,
                "https://sts.us-gov-west-1.amazonaws.com/",
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
