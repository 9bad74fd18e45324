//! Keys that `openssl` wrote, in every form. They are made for these tests and open nothing.

use tower_auth_jose::{
    Algorithm, Jwk, KeyErrorKind, PrivateKeyDer, PrivateKeyForm, SigningKey, VerifyingKey,
};

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("keys/", $name))
    };
}

const PRIVATE: [(Algorithm, &str, &str); 10] = [
    (
        Algorithm::Rs256,
        key!("rsa.pkcs8.pem"),
        key!("rsa.spki.pem"),
    ),
    (
        Algorithm::Ps384,
        key!("rsa.pkcs1.pem"),
        key!("rsa.pub.pkcs1.pem"),
    ),
    (Algorithm::Rs512, key!("rsa.bag.pem"), key!("rsa.bag.pem")),
    (
        Algorithm::Es256,
        key!("p256.sec1.pem"),
        key!("p256.spki.pem"),
    ),
    (
        Algorithm::Es256,
        key!("p256.pkcs8.pem"),
        key!("p256.cert.pem"),
    ),
    (
        Algorithm::Es384,
        key!("p384.sec1.pem"),
        key!("p384.cert.pem"),
    ),
    (
        Algorithm::Es384,
        key!("p384.pkcs8.pem"),
        key!("p384.spki.pem"),
    ),
    (
        Algorithm::Es512,
        key!("p521.sec1.pem"),
        key!("p521.spki.pem"),
    ),
    (
        Algorithm::Es512,
        key!("p521.pkcs8.pem"),
        key!("p521.cert.pem"),
    ),
    (
        Algorithm::EdDsa,
        key!("ed25519.pkcs8.pem"),
        key!("ed25519.cert.pem"),
    ),
];

#[test]
fn what_a_private_key_of_any_form_signs_its_public_key_of_any_form_verifies() {
    for (algorithm, private, public) in PRIVATE {
        let key = SigningKey::from_pem(algorithm, private).unwrap();
        let signature = key.sign(b"message").unwrap();
        let public = Jwk::public_from_pem(public).unwrap();
        let verifier = public.verifying_key(algorithm).unwrap();
        verifier.verify(b"message", &signature).unwrap();
        verifier.verify(b"massage", &signature).unwrap_err();
        assert_eq!(key.public_jwk().unwrap().thumbprint(), public.thumbprint());

        let der = PrivateKeyDer::from_pem(private).unwrap();
        SigningKey::from_der(algorithm, der.expose()).unwrap();
        let text = key.private_jwk().unwrap().to_private_json();
        let again = SigningKey::from_jwk(algorithm, text.expose()).unwrap();
        verifier.verify(b"m", &again.sign(b"m").unwrap()).unwrap();
    }
    SigningKey::from_pem(Algorithm::Es256, key!("p256.no_public.pem")).unwrap();
    SigningKey::from_der(Algorithm::Es256, include_bytes!("keys/p256.pkcs8.der")).unwrap();
    VerifyingKey::from_pem(Algorithm::Ed25519, key!("ed25519.spki.pem")).unwrap();
    VerifyingKey::from_pem(Algorithm::Rs256, key!("rsa.cert.pem")).unwrap();
}

#[test]
fn text_around_a_key_and_blanks_in_it_are_passed_over() {
    for (algorithm, pem, _) in PRIVATE {
        let laxly: [String; 7] = [
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\r"),
            pem.replace('\n', " \t\n"),
            format!("\u{feff}{pem}"),
            format!("\n\n  {}\n", pem.replace('\n', "\n  ")),
            pem.replace('\n', "\n\n"),
            format!(
                "this key is ENCRYPTED nowhere\n{}\n{pem}",
                key!("rsa.cert.pem")
            ),
        ];
        for lax in laxly {
            let key = SigningKey::from_pem(algorithm, &lax);
            assert!(key.is_ok(), "{algorithm}: {:?}\n{}", key.err(), &lax[..60]);
        }
        SigningKey::from_pem(algorithm, pem.trim_end()).unwrap();
        // Text that is not UTF-8, as a `friendlyName` can be.
        let latin = [
            &b"Bag Attributes\n  friendlyName: Schl\xfcssel\n"[..],
            pem.as_bytes(),
        ]
        .concat();
        SigningKey::from_pem(algorithm, latin).unwrap();
    }
}

#[test]
fn a_section_that_is_cut_off_costs_only_itself() {
    for cut in ["CERTIFICATE", "EC PARAMETERS", "ENCRYPTED PRIVATE KEY"] {
        let cut = format!("-----BEGIN {cut}-----\nMIIB\n");
        SigningKey::from_pem(Algorithm::Es256, cut.clone() + key!("p256.pkcs8.pem")).unwrap();
        // Work in proportion to bytes.
        let many = cut.repeat(16_000) + key!("p256.pkcs8.pem");
        SigningKey::from_pem(Algorithm::Es256, many).unwrap();
    }
}

#[test]
fn line_ends_escaped_once_are_read_and_twice_are_told() {
    for (algorithm, pem, _) in PRIVATE {
        for once in [
            pem.replace('\n', r"\n"),
            pem.replace('\n', r"\r\n"),
            pem.replace('\n', "\\n\n"),
        ] {
            SigningKey::from_pem(algorithm, &once).unwrap();
        }
        for twice in [pem.replace('\n', r"\\n"), pem.replace('\n', r"\\r\\n")] {
            let error = SigningKey::from_pem(algorithm, &twice).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::EscapedTwice);
            assert!(error.to_string().contains("escaped twice"), "{error}");
        }
    }
}

#[test]
fn an_encrypted_key_is_told_by_its_headers_and_the_error_says_how_to_decrypt_it() {
    for pem in [key!("rsa.encrypted.pem"), key!("rsa.legacy_encrypted.pem")] {
        for pem in [
            pem.to_owned(),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', r"\n"),
        ] {
            let error = SigningKey::from_pem(Algorithm::Rs256, &pem).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::Encrypted);
            assert!(error.to_string().contains("openssl pkey"), "{error}");
        }
        // Another that is not stands beside it.
        let both = format!("{pem}{}", key!("rsa.pkcs8.pem"));
        SigningKey::from_pem(Algorithm::Rs256, &both).unwrap();
    }
}

#[test]
fn what_is_no_usable_private_key_is_refused_by_kind_and_not_shown() {
    use KeyErrorKind::{Malformed, Mismatch, Missing};
    let rsa = key!("rsa.pkcs8.pem");
    for (kind, pem) in [
        (Missing, String::new()),
        (Missing, "hunter2".to_owned()),
        (Missing, key!("rsa.spki.pem").to_owned()),
        (Missing, key!("rsa.cert.pem").to_owned()),
        (
            Missing,
            "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----"
                .to_owned(),
        ),
        (
            Malformed,
            "-----BEGIN PRIVATE KEY-----\nhunter2!\n-----END PRIVATE KEY-----".to_owned(),
        ),
        (
            Malformed,
            "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----".to_owned(),
        ),
        (Malformed, rsa[..rsa.len() - 40].to_owned()),
        (Malformed, rsa.replace("END PRIVATE", "END RSA PRIVATE")),
        (Malformed, " ".repeat(1 << 21)),
        (
            Mismatch,
            "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----".to_owned(),
        ),
        (Mismatch, key!("p256.sec1.pem").to_owned()),
        (Mismatch, key!("ed25519.pkcs8.pem").to_owned()),
        (Mismatch, key!("rsa1024.pkcs8.pem").to_owned()),
    ] {
        let error = SigningKey::from_pem(Algorithm::Rs256, &pem).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains(&rsa[40..60]),
            "{shown}"
        );
    }
    for (algorithm, pem, _) in PRIVATE {
        for other in [
            Algorithm::Es256,
            Algorithm::Es384,
            Algorithm::Es512,
            Algorithm::Rs384,
            Algorithm::Ed25519,
        ] {
            let same = algorithm == other
                || (algorithm == Algorithm::EdDsa && other == Algorithm::Ed25519)
                || (pem.contains("RSA") || pem.len() > 1000) && other == Algorithm::Rs384;
            assert_eq!(
                SigningKey::from_pem(other, pem).is_ok(),
                same,
                "{algorithm} {other}"
            );
        }
    }
    let error = VerifyingKey::from_pem(Algorithm::Rs256, key!("p256.spki.pem")).unwrap_err();
    assert_eq!(error.kind(), Mismatch);
    let error = Jwk::public_from_pem(rsa).unwrap_err();
    assert_eq!(error.kind(), Missing);
}

#[test]
fn the_form_of_a_key_is_known_without_cryptography() {
    let form = |pem| PrivateKeyDer::from_pem(pem).unwrap().form();
    assert_eq!(form(key!("rsa.pkcs8.pem")), PrivateKeyForm::Pkcs8);
    assert_eq!(form(key!("rsa.pkcs1.pem")), PrivateKeyForm::Pkcs1);
    assert_eq!(form(key!("p521.sec1.pem")), PrivateKeyForm::Sec1);
    let key = PrivateKeyDer::from_pem(key!("p521.sec1.pem")).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKeyDer(Sec1)");
}
