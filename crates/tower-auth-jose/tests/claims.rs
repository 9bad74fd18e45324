//! Which claims are taken.

use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};
use tower_auth_core::clock::{Clock, ManualClock};
use tower_auth_jose::{Claims, Validation, VerifyErrorKind as Kind};

const NOW: u64 = 1_700_000_000;

fn validation() -> Validation {
    Validation::new().clock(Clock::new(ManualClock::at(
        UNIX_EPOCH + Duration::from_secs(NOW),
    )))
}

fn judge(validation: &Validation, claims: Value) -> Option<Kind> {
    let claims = Claims::new(claims.as_object().unwrap().clone());
    validation.check(&claims).err().map(|error| error.kind())
}

#[test]
fn times_are_checked_with_leeway() {
    let v = validation();
    for (claims, wanted) in [
        (json!({"exp": NOW + 1}), None),
        (json!({"exp": NOW as f64 + 0.5}), None),
        (json!({"exp": NOW - 9}), None),
        (json!({"exp": NOW - 10}), Some(Kind::Expired)),
        (json!({"exp": -1}), Some(Kind::Expired)),
        (json!({}), Some(Kind::Claim)),
        (json!({"exp": (NOW + 1).to_string()}), Some(Kind::Claim)),
        (json!({"exp": null}), Some(Kind::Claim)),
        (
            json!({"exp": 1e300, "nbf": NOW + 10, "iat": NOW + 10}),
            None,
        ),
        (
            json!({"exp": NOW + 99, "nbf": NOW + 11}),
            Some(Kind::NotYetValid),
        ),
        (
            json!({"exp": NOW + 99, "iat": NOW + 11}),
            Some(Kind::NotYetValid),
        ),
        (json!({"exp": NOW + 99, "iat": "x"}), Some(Kind::Claim)),
    ] {
        assert_eq!(judge(&v, claims.clone()), wanted, "{claims}");
    }
    let lax = v.clone().leeway(Duration::from_secs(60));
    assert_eq!(judge(&lax, json!({"exp": NOW - 59, "iat": NOW + 60})), None);
    let open = v.clone().optional_expiry();
    assert_eq!(judge(&open, json!({})), None);
    assert_eq!(judge(&open, json!({"exp": 1})), Some(Kind::Expired));
    let young = open.max_age(Duration::from_secs(300));
    assert_eq!(judge(&young, json!({})), Some(Kind::Claim));
    assert_eq!(judge(&young, json!({"iat": NOW - 310})), None);
    assert_eq!(
        judge(&young, json!({"iat": NOW - 311})),
        Some(Kind::Expired)
    );
}

#[test]
fn issuer_and_audience_are_compared_word_for_word() {
    let v = validation().optional_expiry().issuer("https://a");
    for (issuer, wanted) in [
        (json!("https://a"), None),
        (json!("https://a/"), Some(Kind::Issuer)),
        (json!("HTTPS://a"), Some(Kind::Issuer)),
        (json!(["https://a"]), Some(Kind::Issuer)),
        (Value::Null, Some(Kind::Issuer)),
    ] {
        assert_eq!(judge(&v, json!({"iss": issuer})), wanted, "{issuer}");
    }
    assert_eq!(judge(&v, json!({})), Some(Kind::Issuer));
    let v = validation()
        .optional_expiry()
        .audience("me")
        .audience("also me");
    for (audience, wanted) in [
        (json!("me"), None),
        (json!(["x", "also me"]), None),
        (json!([]), Some(Kind::Audience)),
        (json!(["m", 7, ["me"]]), Some(Kind::Audience)),
        (json!({"me": "me"}), Some(Kind::Audience)),
    ] {
        assert_eq!(judge(&v, json!({"aud": audience})), wanted, "{audience}");
    }
    let claims = Claims::new(json!({"sub": "PLANTED"}).as_object().unwrap().clone());
    assert_eq!(format!("{claims:?}"), r#"Claims(["sub"])"#);
}
