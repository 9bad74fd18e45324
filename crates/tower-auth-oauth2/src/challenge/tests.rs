use super::*;

/// The challenges in the form `scheme[token68] name=value …`.
fn shown(value: &str) -> Vec<String> {
    let show = |challenge: &Challenge| {
        let mut text = challenge.scheme().to_owned();
        if let Some(token) = challenge.token68() {
            text.push_str(&format!("[{token}]"));
        }
        for (name, value) in challenge.parameters() {
            text.push_str(&format!(" {name}={value}"));
        }
        text
    };
    Challenge::parse(value).iter().map(show).collect()
}

#[test]
fn several_challenges_in_one_header_are_told_apart() {
    // RFC 9110 section 11.6.1
    assert_eq!(
        shown(r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#),
        [
            "Basic realm=simple",
            r#"Newauth realm=apps type=1 title=Login to "apps""#
        ]
    );
    assert_eq!(shown("Bearer"), ["Bearer"]);
    assert_eq!(
        shown(r#"DPoP algs="ES256 PS256", Bearer realm="a,b""#),
        ["DPoP algs=ES256 PS256", "Bearer realm=a,b"]
    );
    assert_eq!(
        shown(r#"Negotiate YII=, Bearer error="invalid_token""#),
        ["Negotiate[YII=]", "Bearer error=invalid_token"]
    );
    assert_eq!(
        shown(r#"bearer scope="a b", Error="insufficient_scope""#),
        ["bearer scope=a b error=insufficient_scope"]
    );
    assert_eq!(
        shown(r#"Negotiate, Bearer realm = "x""#),
        ["Negotiate", "Bearer realm=x"]
    );
}

#[test]
fn nonsense_is_no_problem() {
    let long = "Bearer, ".repeat(1000);
    assert_eq!(shown(&long).len(), 32);
    for odd in [
        "",
        ",,,",
        "=",
        "\"",
        "Bearer realm=\"never closed",
        "é, Bearer",
        "a=b",
        "Bearer =x",
        "Bearer a=\"\\",
    ] {
        let _ = shown(odd); // must come back
    }
    assert_eq!(shown("é, Bearer"), ["Bearer"]);
}

#[test]
fn only_an_invalid_token_can_be_helped() {
    let of = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, value.parse().unwrap());
        BearerError::from_headers(&headers)
    };
    let invalid = of(r#"Bearer realm="example", error="invalid_token""#).unwrap();
    assert!(invalid.is_curable());
    // RFC 9470 section 3
    let step_up = of(r#"Bearer error="insufficient_user_authentication", max_age="5""#).unwrap();
    assert!(!step_up.is_curable());
    assert!(step_up.to_string().contains("5 s ago"), "{step_up}");
    let BearerError::InsufficientUserAuthentication { max_age, .. } = step_up else {
        panic!("{step_up:?}")
    };
    assert_eq!(max_age, Some(Duration::from_secs(5)));
    assert_eq!(of("Bearer realm=\"x\""), None);
    assert_eq!(of("Basic error=\"invalid_token\""), None);
}
