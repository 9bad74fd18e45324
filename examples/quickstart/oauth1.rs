//! OAuth 1.0a: the three legs, and what the token is good for, against a provider that verifies signatures.

use crate::{
    Body, BoxError, Http,
    table::{Table, outcome},
};
use examples::{
    Server,
    oauth1_provider::{CLIENT, Provider, SECRET},
};
use http::{Request, header::CONTENT_TYPE};
use tower::{Layer, ServiceExt};
use tower_auth::{
    AuthError, Clock, Error, SchemeExt,
    clock::ManualClock,
    oauth1::{
        Callback, InMemory, NonceSource, OAuth1, PlaceSignature, ThreeLegs, TokenCredentials,
    },
};

pub(crate) async fn run(http: &Http, table: &mut Table) -> Result<(), BoxError> {
    let provider = Provider::default();
    let server = Server::serve(provider.router()).await?;
    let origin = server.origin().to_string();
    let legs = ThreeLegs::new(OAuth1::new(CLIENT, SECRET)?).endpoints(
        server.uri("/initiate"),
        server.uri("/authorize"),
        server.uri("/token"),
    )?;

    let callback = Callback::new("http://127.0.0.1:8080/ready");
    let temporary = legs.temporary_credentials(&callback).await?;
    let expected = ("the client and a callback", "200");
    table.row(
        "OAuth 1, first leg",
        provider.saw(),
        "200".to_owned(),
        expected,
    );

    let response = http.get(legs.authorization_uri(&temporary)?).await?;
    let status = response.status().as_u16().to_string();
    let redirect = response.headers().get("location").ok_or("no redirect")?;
    let redirect = redirect.to_str()?.to_owned();
    let expected = ("a user who says yes", "303");
    table.row(
        "OAuth 1, second leg: a browser",
        provider.saw(),
        status,
        expected,
    );

    let verifier = temporary.verifier(&redirect)?;
    let token = legs.token_credentials(temporary, verifier).await?;
    let expected = ("the client and a verifier", "200");
    table.row(
        "OAuth 1, third leg",
        provider.saw(),
        "200".to_owned(),
        expected,
    );

    let oauth = legs.oauth(token.credentials());
    let alice = ("OAuth 1 of alice", "200");
    let (saw, status) = send(http, &origin, oauth.clone()).await?;
    table.row("OAuth 1, in the header", saw, status, alice);
    let (saw, status) = send(http, &origin, oauth.clone().in_query()).await?;
    table.row("OAuth 1, in the query", saw, status, alice);
    let (saw, status) = send(http, &origin, oauth.clone().in_body()).await?;
    table.row("OAuth 1, in the form", saw, status, alice);

    // The provider does check.
    let wrong = TokenCredentials::new(token.credentials().token(), "wrong");
    let (saw, status) = send(http, &origin, legs.oauth(&wrong)).await?;
    let expected = ("a signature that is wrong", "401");
    table.row("OAuth 1, with a wrong token secret", saw, status, expected);
    let now = Clock::new(ManualClock::at(Clock::system().now()));
    let same = oauth.clone().nonces(Same).clock(now);
    let _ = send(http, &origin, same.clone()).await?;
    let (saw, status) = send(http, &origin, same).await?;
    let expected = ("a nonce that was used before", "401");
    table.row("OAuth 1, with a nonce used twice", saw, status, expected);

    // A user who authorized something else, or an attacker: the third leg is not walked.
    let temporary = legs.temporary_credentials(&callback).await?;
    let refused = temporary
        .verifier(&redirect)
        .map(|_| http::Response::new(Body::default()));
    let (saw, status) = outcome::<Body, AuthError>(refused.map_err(Error::Auth)).await;
    let expected = ("nothing: it was not sent", "Credentials");
    table.row(
        "OAuth 1, a redirect for another token",
        saw,
        status,
        expected,
    );
    Ok(())
}

/// A form, signed.
async fn send<P>(
    http: &Http,
    origin: &str,
    oauth: OAuth1<P, InMemory>,
) -> Result<(String, String), BoxError>
where
    P: PlaceSignature<Body>,
{
    let client = oauth.only_to(origin)?.layer(http.clone());
    let request = Request::post(format!("{origin}photos?size=large&tag=a+b&tag=%C3%A9"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("title=a%20b+c&~=%7E"))?;
    Ok(outcome(client.oneshot(request).await).await)
}

/// Never do this.
#[derive(Debug)]
struct Same;

impl NonceSource for Same {
    fn nonce(&self) -> String {
        "same".to_owned()
    }
}
