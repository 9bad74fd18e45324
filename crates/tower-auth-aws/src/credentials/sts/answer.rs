//! The XML that STS answers with.

use crate::Credentials;
use crate::credentials::{CredentialsError, document, error::Errors, timestamp};
use roxmltree::{Document, Node, ParsingOptions};

/// An answer has about twenty elements.
const MAX_NODES: u32 = 1_000;

/// The credentials in an answer.
pub(super) fn credentials(
    body: &[u8],
    action: &str,
    errors: Errors,
) -> Result<Credentials, CredentialsError> {
    let text = text(body, errors)?;
    let document =
        document(text).ok_or_else(|| errors.malformed("the answer of STS is not XML"))?;
    // `AssumeRoleResponse`, `AssumeRoleResult`, `Credentials`
    let node = Some(document.root_element())
        .filter(|root| root.tag_name().name() == format!("{action}Response"))
        .and_then(|root| child(root, &format!("{action}Result")))
        .and_then(|result| child(result, "Credentials"))
        .ok_or_else(|| errors.malformed("the answer of STS has no credentials"))?;
    let field = |name: &str| {
        child(node, name)
            .and_then(|node| node.text())
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| errors.malformed(format!("the answer of STS has no `{name}`")))
    };
    let expiration = timestamp::parse(field("Expiration")?).ok_or_else(|| {
        errors.malformed("the `Expiration` in the answer of STS is not an RFC 3339 time")
    })?;
    document::build(
        field("AccessKeyId")?,
        field("SecretAccessKey")?,
        Some(field("SessionToken")?.into()),
        Some(expiration),
        errors,
    )
}

/// Code and message of a failure, when there are any.
pub(super) fn failure(body: &[u8]) -> Option<(String, String)> {
    let document = document(std::str::from_utf8(body).ok()?)?;
    let error = document
        .descendants()
        .find(|node| node.tag_name().name() == "Error")?;
    let text = |name| {
        child(error, name)
            .and_then(|node| node.text())
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    Some((text("Code"), text("Message")))
}

fn text(body: &[u8], errors: Errors) -> Result<&str, CredentialsError> {
    std::str::from_utf8(body).map_err(|_| errors.malformed("the answer of STS is not UTF-8"))
}

/// Entities of its own cannot be declared in it: a DTD is refused.
fn document(text: &str) -> Option<Document<'_>> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).ok()
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Option<Node<'a, 'b>> {
    node.children().find(|node| node.tag_name().name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERRORS: Errors = Errors("test");

    // The sample answer of the STS API reference, with an arbitrary key.
    const SAMPLE: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
  <SourceIdentity>DevUser123</SourceIdentity>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn>
      <AssumedRoleId>ARO123EXAMPLE123:TestAR</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <SessionToken>
       AQoDYXdzEPT//////////wEXAMPLE&#x3D;
      </SessionToken>
      <Expiration>2019-11-09T13:34:41Z</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>"#;

    #[test]
    fn the_sample_of_the_api_reference() {
        let key = credentials(SAMPLE.as_bytes(), "AssumeRole", ERRORS).unwrap();
        assert_eq!(key.access_key_id(), "ASIAIOSFODNN7EXAMPLE");
        assert_eq!(
            key.secret_access_key().expose(),
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"
        );
        assert_eq!(
            key.session_token().unwrap(),
            "AQoDYXdzEPT//////////wEXAMPLE="
        );
        assert_eq!(key.expires_at(), timestamp::parse("2019-11-09T13:34:41Z"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_and_not_quoted() {
        let bomb = r#"<!DOCTYPE x [<!ENTITY a "hunter2"><!ENTITY b "&a;&a;">]><x>&b;</x>"#;
        let many = format!("<x>{}</x>", "<y/>".repeat(2_000));
        let deep = "<x>".repeat(20_000);
        let without = |from: &str, to: &str| SAMPLE.replace(from, to);
        for (body, named) in [
            ("hunter2".to_owned(), "not XML"),
            (String::new(), "not XML"),
            (bomb.to_owned(), "not XML"),
            (many, "not XML"),
            (deep, "not XML"),
            (
                "<html><body>hunter2</body></html>".to_owned(),
                "no credentials",
            ),
            (without("AssumeRoleResult", "OtherResult"), "no credentials"),
            (without("SecretAccessKey", "Other"), "SecretAccessKey"),
            (
                without("AQoDYXdzEPT//////////wEXAMPLE&#x3D;", ""),
                "SessionToken",
            ),
            (without("ASIAIOSFODNN7EXAMPLE", ""), "AccessKeyId"),
            (without("2019-11-09T13:34:41Z", "hunter2"), "Expiration"),
        ] {
            let error = credentials(body.as_bytes(), "AssumeRole", ERRORS).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"));
        }
        assert!(credentials(b"<\xff/>", "AssumeRole", ERRORS).is_err());
    }

    #[test]
    fn a_failure_has_a_code_and_a_message() {
        let body = br#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
            <Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRole</Message></Error>
            <RequestId>1</RequestId></ErrorResponse>"#;
        let (code, message) = failure(body).unwrap();
        assert_eq!(code, "AccessDenied");
        assert_eq!(message, "Not authorized to perform sts:AssumeRole");
        assert_eq!(failure(b"<html/>"), None);
        assert_eq!(failure(b"\xff"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic(
            from in 0..SAMPLE.len(),
            length in 0_usize..40,
            instead in "(\\PC|[<>/&;\"'!\\[\\]?-]|<!--|<!\\[CDATA\\[|&#x0;|&amp;|</Credentials>){0,8}",
        ) {
            let mut body = SAMPLE.as_bytes().to_vec();
            let to = (from + length).min(body.len());
            body.splice(from..to, instead.bytes());
            let _ = credentials(&body, "AssumeRole", ERRORS);
            let _ = failure(&body);
        }
    }
}
