//! Secrets that are numbers, as those write them who read them as one.

/// Without zeros before it, and the digits that a floating point number keeps.
pub(super) fn written(secret: &str) -> Vec<String> {
    let is_number = secret.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || secret.is_empty() {
        return Vec::new();
    }
    let digits = secret.trim_start_matches('0');
    let mut written = Vec::new();
    if digits.len() < secret.len() {
        written.push(digits.to_owned());
    }
    if let Some(value) = secret.parse().ok().filter(|value: &f64| value.is_finite()) {
        // `1.2345678e7`, in which others write the exponent in other ways.
        let mantissa = format!("{value:e}");
        let mantissa = mantissa.split('e').next().unwrap_or_default();
        if mantissa.len() > 4 {
            written.push(mantissa.to_owned());
        }
        // `12345678901234567000`
        let whole = value.to_string();
        if whole != digits {
            written.push(whole);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_as_floating_point_writes_it() {
        assert_eq!(written("12345678"), ["1.2345678"]);
        assert_eq!(written("00123456"), ["123456", "1.23456"]);
        assert_eq!(
            written("12345678901234567890123"),
            ["1.2345678901234568", "12345678901234568000000"]
        );
        assert!(written("12a").is_empty() && written("").is_empty());
    }
}
