//! A record with a wrong answer fails, whatever is wrong about it.

use crate::run::{End, tests::judged};
use serde_json::{Value, json};

/// The first example of RFC 5849, section 1.2.
fn example() -> Value {
    json!({"published": {"rfc5849": [{
        "id": "rfc5849-1.2-initiate",
        "method": "POST",
        "url": "https://photos.example.net/initiate",
        "oauth_params": [
            ["oauth_consumer_key", "dpf43f3p2l4k3l03"],
            ["oauth_signature_method", "HMAC-SHA1"],
            ["oauth_timestamp", "137131200"],
            ["oauth_nonce", "wIjqoS"],
            ["oauth_callback", "http://printer.example.com/ready"],
        ],
        "body": null,
        "client_secret": "kd94hf93k423kf44",
        "token_secret": null,
        "base_string": "POST&https%3A%2F%2Fphotos.example.net%2Finitiate&oauth_callback%3Dhttp%253A%252F%252Fprinter.example.com%252Fready%26oauth_consumer_key%3Ddpf43f3p2l4k3l03%26oauth_nonce%3DwIjqoS%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131200",
        "signature": "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
    }]}})
}

fn ends(file: &Value) -> (End, String) {
    judged(&file.to_string())
}

#[test]
fn the_example_of_the_rfc_passes_and_every_change_to_it_fails() {
    let (end, out) = ends(&example());
    assert_eq!(end, End::Passed, "{out}");
    for (field, wrong) in [
        ("method", json!("PUT")),
        ("url", json!("https://photos.example.net/initiate?x=1")),
        ("body", json!("x=1")),
        ("client_secret", json!("other")),
        ("token_secret", json!(7)),
        ("base_string", json!("POST&other")),
        ("signature", json!("b3RoZXI=")),
        (
            "oauth_params",
            json!([["oauth_consumer_key", "dpf43f3p2l4k3l03"]]),
        ),
        ("unheard_of", json!(1)),
    ] {
        let mut file = example();
        file["published"]["rfc5849"][0][field] = wrong;
        let (end, out) = ends(&file);
        assert_eq!(end, End::Failed, "{field}: {out}");
    }
}

#[test]
fn a_part_that_nobody_knows_fails() {
    let mut file = example();
    file["published"]["rfc0"] = json!([]);
    file["more"] = json!([]);
    let (end, out) = ends(&file);
    assert_eq!(end, End::Failed);
    assert!(out.ends_with("1 passed, 2 failed, 0 skipped\n"), "{out}");
}
