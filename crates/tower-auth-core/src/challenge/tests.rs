use super::*;

/// The challenges in the form `scheme[token68] name=value …`.
fn shown(header: &[u8]) -> Vec<String> {
    let show = |challenge: &Challenge<'_>| {
        let mut text = challenge.scheme().to_owned();
        if let Some(token) = challenge.token68() {
            text.push_str(&format!("[{token}]"));
        }
        for (name, value) in challenge.params().iter() {
            text.push_str(&format!(" {name}={}", String::from_utf8_lossy(value)));
        }
        text
    };
    parse(header).iter().map(show).collect()
}

#[test]
fn several_challenges_in_one_header_are_told_apart() {
    for (header, expected) in [
        ("", &[][..]),
        ("Bearer", &["Bearer"]),
        (" ,, Basic ,", &["Basic"]),
        (r#"Basic realm="a, b=\"c\"""#, &[r#"Basic realm=a, b="c""#]),
        // RFC 9110 section 11.6.1
        (
            r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
            &[
                "Basic realm=simple",
                r#"Newauth realm=apps type=1 title=Login to "apps""#,
            ],
        ),
        (
            r#"Negotiate, Digest REALM = "x" , nonce=abc==,qop="auth,auth-int""#,
            &["Negotiate", "Digest REALM=x nonce=abc== qop=auth,auth-int"],
        ),
        (
            r#"Negotiate YII/+x==, NTLM TlRM==, Digest realm="é""#,
            &["Negotiate[YII/+x==]", "NTLM[TlRM==]", "Digest realm=é"],
        ),
        (
            "Negotiate a874, Basic realm=x",
            &["Negotiate[a874]", "Basic realm=x"],
        ),
    ] {
        assert_eq!(shown(header.as_bytes()), expected, "{header}");
    }
}

#[test]
fn a_parameter_without_value_is_none_of_the_others_and_no_token68() {
    for (header, expected) in [
        (
            r#"Digest realm=, qop="auth""#,
            &["Digest realm= qop=auth"][..],
        ),
        (
            r#"Digest realm= , , qop = "auth""#,
            &["Digest realm= qop=auth"],
        ),
        (
            r#"Digest realm=,nonce=,qop=auth"#,
            &["Digest realm= nonce= qop=auth"],
        ),
        (
            r#"Digest realm="a", opaque=, nonce="b""#,
            &["Digest realm=a opaque= nonce=b"],
        ),
        (r#"Digest realm="a", opaque="#, &["Digest realm=a opaque="]),
        (
            "Negotiate YII=, Basic realm=x",
            &["Negotiate[YII=]", "Basic realm=x"],
        ),
        ("Negotiate YII=,", &["Negotiate[YII=]"]),
    ] {
        assert_eq!(shown(header.as_bytes()), expected, "{header}");
    }
    let challenges = parse(br#"Digest qop="", realm="""#);
    assert_eq!(challenges[0].params().get("QOP"), None);
    assert_eq!(challenges[0].params().given("Realm"), Some(&b""[..]));
}

#[test]
fn a_mistake_costs_only_its_own_challenge() {
    for (header, expected) in [
        ("é, Bearer", &["Bearer"][..]),
        ("=x, Bearer a=1", &["Bearer a=1"]),
        (
            r#"B@d realm="x, y", z=1, Basic realm="b""#,
            &["Basic realm=b"],
        ),
        (
            r#"Basic realm="b", B@d realm="x", error=y, Digest nonce=n"#,
            &["Basic realm=b", "Digest nonce=n"],
        ),
        (
            r#"Negotiate abc, stray=1, Basic realm="b""#,
            &["Negotiate[abc]", "Basic realm=b"],
        ),
        (
            r#"Digest realm="a" nonce="b" , x"#,
            &["Digest realm=a nonce=b", "x"],
        ),
        (
            r#"Digest realm="a" odd, nonce="b""#,
            &["Digest realm=a nonce=b"],
        ),
        (r#"Digest realm="a", realm="b""#, &["Digest realm=a"]),
        (
            r#"Basic realm=x, Digest realm="open, nonce=n"#,
            &["Basic realm=x", "Digest"],
        ),
    ] {
        assert_eq!(shown(header.as_bytes()), expected, "{header}");
    }
}

#[test]
fn bytes_above_127_are_kept_as_they_are() {
    let challenges = parse(b"Basic realm=\"caf\xe9\", x=\xff");
    assert_eq!(challenges[0].params().get("realm"), Some(&b"caf\xe9"[..]));
    assert_eq!(challenges[0].params().get("x"), Some(&b"\xff"[..]));
}

#[test]
fn a_list_without_a_scheme() {
    let params = Params::parse(br#"nextnonce="n,1", @, qop=auth nc=00000001"#);
    let read: Vec<_> = params.iter().collect();
    let expected = [("nextnonce", "n,1"), ("qop", "auth"), ("nc", "00000001")];
    assert_eq!(read, expected.map(|(name, value)| (name, value.as_bytes())));
}

#[test]
fn no_header_yields_more_than_so_many() {
    assert_eq!(
        parse("Bearer, ".repeat(1000).as_bytes()).len(),
        MOST_CHALLENGES
    );
    let many: String = (0..1000).map(|n| format!("x{n}=1,")).collect();
    let many = format!("Bearer {many}");
    let challenges = parse(many.as_bytes());
    assert_eq!(challenges[0].params().iter().count(), MOST_PARAMS);
}

/// A quadratic reader would take minutes for these.
#[test]
fn the_work_is_linear_in_the_length() {
    let begun = tokio::time::Instant::now();
    for piece in [
        "a", "a ", ",", "a=,", "\"", "\\", "a=\"\\\"", "@ ", "a b=, ", "x=\"", "= ",
    ] {
        let long = format!("Digest {}", piece.repeat((1 << 20) / piece.len()));
        let _ = (parse(long.as_bytes()).len(), Params::parse(long.as_bytes()));
    }
    assert!(begun.elapsed().as_secs() < 60);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(header: Vec<u8>) {
        let _ = (parse(&header), Params::parse(&header));
    }

    #[test]
    fn no_likely_text_makes_it_panic(header in "(Digest|a|realm|=|,|\"|\\\\| |\t|é|@)*") {
        let _ = (parse(header.as_bytes()), Params::parse(header.as_bytes()));
    }

    #[test]
    fn what_is_quoted_is_read_back(value: Vec<u8>) {
        let mut header = b"Digest a=b, realm=\"".to_vec();
        for &byte in &value {
            if !is_plain_byte(byte) {
                header.push(b'\\');
            }
            header.push(byte);
        }
        header.extend_from_slice(b"\", Basic realm=x");
        let challenges = parse(&header);
        proptest::prop_assert_eq!(challenges[0].params().given("realm"), Some(&value[..]));
        proptest::prop_assert_eq!(challenges[1].scheme(), "Basic");
    }
}

fn is_plain_byte(byte: u8) -> bool {
    !matches!(byte, b'"' | b'\\')
}
