//! The examples of RFC 5849.

mod support;

use http::{Request, header::CONTENT_TYPE};
use support::{Body, at, http, parameter, server};
use tower::{Layer, ServiceExt};
use tower_auth_core::SchemeExt;
use tower_auth_oauth1::{Callback, Method, OAuth1, ThreeLegs, TokenCredentials, Verifier};

fn printer() -> OAuth1 {
    OAuth1::new("dpf43f3p2l4k3l03", "kd94hf93k423kf44")
        .unwrap()
        .without_version()
        .realm("Photos")
        .unwrap()
}

const ENDPOINTS: [&str; 3] = [
    "https://photos.example.net/initiate",
    "https://photos.example.net/authorize",
    "https://photos.example.net/token",
];

/// Section 1.2, from the first leg to the photo: all requests and both answers are those that are printed there.
#[tokio::test]
async fn the_example_of_section_1_2() {
    let [initiate, authorize, token] = ENDPOINTS;
    let answer = "oauth_token=hh5s93j4hdidpola&oauth_token_secret=hdhd0244k9j7ao03&oauth_callback_confirmed=true";
    let (client, seen) = server(200, answer);
    let legs = ThreeLegs::new(at(printer(), 137_131_200, "wIjqoS"))
        .http_client(http(client))
        .endpoints(initiate, authorize, token)
        .unwrap();
    let callback = Callback::new("http://printer.example.com/ready");
    let temporary = legs.temporary_credentials(&callback).await.unwrap();
    {
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].method(), "POST");
        assert_eq!(seen[0].uri(), initiate);
        let header = "OAuth realm=\"Photos\", oauth_nonce=\"wIjqoS\", oauth_timestamp=\"137131200\", \
                      oauth_signature_method=\"HMAC-SHA1\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", \
                      oauth_callback=\"http%3A%2F%2Fprinter.example.com%2Fready\", \
                      oauth_signature=\"74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D\"";
        assert_eq!(seen[0].headers()["authorization"], header);
    }
    let uri = legs.authorization_uri(&temporary).unwrap();
    assert_eq!(
        uri,
        "https://photos.example.net/authorize?oauth_token=hh5s93j4hdidpola"
    );
    let redirect = "http://printer.example.com/ready?oauth_token=hh5s93j4hdidpola&oauth_verifier=hfdp7dh39dks9884";
    let verifier = temporary.verifier(redirect).unwrap();

    let (client, seen) = server(
        200,
        "oauth_token=nnch734d00sl2jdk&oauth_token_secret=pfkkdhi9sl3r4s00",
    );
    let legs = ThreeLegs::new(at(printer(), 137_131_201, "walatlh"))
        .http_client(http(client))
        .endpoints(initiate, authorize, token)
        .unwrap();
    let answer = legs.token_credentials(temporary, verifier).await.unwrap();
    let signature = parameter(&seen.lock().unwrap()[0], "oauth_signature");
    assert_eq!(signature.unwrap(), "gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D");

    let (client, seen) = server(200, "");
    let oauth = at(legs.oauth(answer.credentials()), 137_131_202, "chapoH");
    let client = oauth.danger_allow_plaintext().layer(client);
    let uri = "http://photos.example.net/photos?file=vacation.jpg&size=original";
    client
        .oneshot(Request::get(uri).body(Body::default()).unwrap())
        .await
        .unwrap();
    let signature = parameter(&seen.lock().unwrap()[0], "oauth_signature");
    assert_eq!(signature.unwrap(), "MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D");
}

/// Section 3.1, with the signature of erratum 2550: the printed one is wrong.
#[tokio::test]
async fn the_example_of_section_3_1() {
    let oauth = OAuth1::new("9djdj82h48djs9d2", "j49sk3j29djd")
        .unwrap()
        .token("kkk9d7dh3k39sjv7", "dh893hdasih9")
        .without_version();
    let (client, seen) = server(200, "");
    let client = at(oauth, 137_131_201, "7d8f3e4a")
        .danger_allow_plaintext()
        .layer(client);
    let request = Request::post("http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("c2&a3=2+q"))
        .unwrap();
    client.oneshot(request).await.unwrap();
    let signature = parameter(&seen.lock().unwrap()[0], "oauth_signature");
    assert_eq!(signature.unwrap(), "r6%2FTJjbCOr97%2F%2BUU0NsvSne7s5g%3D");
}

/// Section 2.1: PLAINTEXT, and no token yet.
#[tokio::test]
async fn the_example_of_section_2_1() {
    let oauth = OAuth1::new("jd83jd92dhsh93js", "ja893SD9")
        .unwrap()
        .method(Method::PLAINTEXT);
    let (client, seen) = server(200, "");
    let legs = ThreeLegs::new(oauth)
        .http_client(http(client))
        .endpoints(
            "https://server.example.com/request_temp_credentials",
            ENDPOINTS[1],
            ENDPOINTS[2],
        )
        .unwrap();
    let _ = legs
        .temporary_credentials(&Callback::new("http://client.example.net/cb?x=1"))
        .await;
    let request = &seen.lock().unwrap()[0];
    assert_eq!(
        parameter(request, "oauth_signature").unwrap(),
        "ja893SD9%26"
    );
    let callback = parameter(request, "oauth_callback").unwrap();
    assert_eq!(callback, "http%3A%2F%2Fclient.example.net%2Fcb%3Fx%3D1");
}

/// Each goes on its own leg, and on no other request.
#[tokio::test]
async fn the_callback_is_for_the_first_leg_and_the_verifier_for_the_third() {
    let (client, seen) = server(
        200,
        "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true",
    );
    let legs = ThreeLegs::new(printer().token("stale", "stale"))
        .http_client(http(client.clone()))
        .endpoints(ENDPOINTS[0], ENDPOINTS[1], ENDPOINTS[2])
        .unwrap();
    let temporary = legs
        .temporary_credentials(&Callback::out_of_band())
        .await
        .unwrap();
    let answer = legs
        .token_credentials(temporary, Verifier::new("v"))
        .await
        .unwrap();
    let request = Request::get("https://photos.example.net/")
        .body(Body::default())
        .unwrap();
    legs.oauth(answer.credentials())
        .layer(client)
        .oneshot(request)
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    let names = ["oauth_callback", "oauth_verifier", "oauth_token"];
    let sent: Vec<_> = seen
        .iter()
        .map(|request| names.map(|name| parameter(request, name)))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(sent[0], [text("oob"), None, None]);
    assert_eq!(sent[1], [None, text("v"), text("t")]);
    assert_eq!(sent[2], [None, None, text("t")]);
    // What the legs put on their requests for the signature does not travel on.
    for request in seen.iter() {
        assert!(request.extensions().get::<TokenCredentials>().is_none());
        assert!(request.extensions().get::<Verifier>().is_none());
    }
}
