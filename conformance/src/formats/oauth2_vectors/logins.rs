//! Logins in a browser: `rfc7636_pkce`, `rfc9126_par`, `rfc9207_iss`, and the examples of RFC 6749 about them.

use crate::{
    case::{Judged, Why},
    formats::url::Url,
    record::{Read as _, same, text},
    server::{Pairs, answering, browser, field, form, json},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json as object};
use tower_auth_core::AuthError;
use tower_auth_oauth2::{
    AuthorizationCode, ClientAuth, ErrorCode, OAuth2, OAuth2Builder, Pkce, ServerMetadata,
    TokenError, TokenErrorKind,
};

const PAGE: &str = "https://as.example/authorize";
const TOKEN: &str = "https://as.example/token";
const PUSHED: &str = "https://as.example/par";

/// `rfc7636_pkce`: verifiers, and their challenges; those that are none cannot be made of any bytes.
pub(super) fn proof_key(name: &str, entry: &Value) -> Judged {
    if let Some(octets) = entry.at("octets") {
        let octets: Vec<u8> = octets.read("")?;
        let pkce = Pkce::from_random(&octets)?;
        same(
            "verifier",
            pkce.verifier().expose(),
            entry.text("code_verifier")?,
        )?;
        same("method", entry.text("method")?, "S256")?;
        return same("challenge", pkce.challenge(), entry.text("code_challenge")?);
    }
    let verifier = entry.text("verifier")?;
    let random = BASE64_URL_SAFE_NO_PAD.decode(verifier);
    if name == "invalid_verifiers" {
        let made = random
            .ok()
            .and_then(|random| Pkce::from_random(&random).ok());
        let is_made = made.is_some_and(|pkce| pkce.verifier().expose() == verifier);
        return same("is made", is_made, false);
    }
    let random = random.map_err(text)?;
    let pkce = Pkce::from_random(&random)?;
    same("verifier", pkce.verifier().expose(), verifier)?;
    same("challenge", pkce.challenge(), entry.text("challenge_s256")?)
}

/// What a login sent: the pages, and the forms; and what came of it.
struct Login {
    page: Pairs,
    pushed: Option<Pairs>,
    body: Option<Pairs>,
    result: Result<String, AuthError>,
}

/// A login whose browser comes back with this answer, at this redirect URI.
async fn login(
    builder: OAuth2Builder<AuthorizationCode>,
    redirect_uri: &str,
    back: Pairs,
    pushed: Value,
) -> Result<Login, Why> {
    let redirect_uri = redirect_uri.to_owned();
    let set =
        |builder: tower_auth_oauth2::browser::BrowserBuilder| builder.redirect_uri(redirect_uri);
    let (browser, pages) = browser(set, move |_| back.clone())?;
    let (http, log) = answering(move |sent| match sent.uri().path() {
        "/par" => json(201, &pushed),
        _ => json(200, &object!({"access_token": "a"})),
    });
    let auth = builder.browser(browser).http_client(http).build()?;
    let result = auth.token().await.map(|token| token.expose().to_owned());
    let page = form(Url::split(&pages.one()?).query().as_bytes());
    let sent = log.take();
    let sent_to = |path: &str| {
        let sent = sent.iter().find(|sent| sent.uri().path() == path);
        sent.map(|sent| form(sent.body()))
    };
    let (pushed, body) = (sent_to("/par"), sent_to("/token"));
    Ok(Login {
        page,
        pushed,
        body,
        result,
    })
}

fn code(id: &str) -> OAuth2Builder<AuthorizationCode> {
    OAuth2::authorization_code(PAGE, TOKEN, id).danger_without_pkce()
}

/// The query of a request line or URL, decoded, in an order that does not count; `state` is made for each login.
fn query(text: &str) -> Pairs {
    let mut query = form(
        text.split_once('?')
            .map_or("", |(_, query)| query)
            .as_bytes(),
    );
    query.retain(|(name, _)| name != "state");
    query.sort();
    query
}

/// `rfc6749_examples`: the authorization request, both answers, and the token request.
pub(super) async fn example(name: &str, recorded: &str) -> Judged {
    let none = || Value::Null;
    match name {
        "authorization_request" => {
            let recorded = query(recorded);
            let value = |name| field(&recorded, name).unwrap_or_default();
            let back = vec![("code".to_owned(), "c".to_owned())];
            let login = login(
                code(value("client_id")),
                value("redirect_uri"),
                back,
                none(),
            )
            .await?;
            let mut page = login.page;
            page.retain(|(name, _)| name != "state");
            page.sort();
            same("request", page, recorded)
        }
        "authorization_response" | "authorization_error" => {
            let back = query(recorded);
            let redirect_uri = recorded.split('?').next().unwrap_or_default();
            let login = login(code("id"), redirect_uri, back.clone(), none()).await?;
            answered(&back, &login)
        }
        "code_request_body" => {
            let recorded = form(recorded.as_bytes());
            let value = |name| field(&recorded, name).unwrap_or_default();
            let back = vec![("code".to_owned(), value("code").to_owned())];
            let builder = code("").client_auth(ClientAuth::anonymous());
            let login = login(builder, value("redirect_uri"), back, none()).await?;
            let mut body = login.body.ok_or("sends no token request")?;
            let mut recorded = recorded.clone();
            body.sort();
            recorded.sort();
            same("body", body, recorded)
        }
        _ => Err("nothing judges this example".into()),
    }
}

/// A code is redeemed, and an error is told with its own code.
fn answered(back: &[(String, String)], login: &Login) -> Judged {
    match (field(back, "code"), field(back, "error"), &login.result) {
        (Some(code), None, Ok(_)) => {
            let body = login.body.as_deref().unwrap_or_default();
            same("code", field(body, "code"), Some(code))
        }
        (None, Some(error), Err(ours)) => {
            let response = TokenError::of(ours).and_then(TokenError::response);
            let response = response.ok_or("not the server's own words")?;
            same("code", response.code(), ErrorCode::from_name(error))?;
            same("error", response.error(), Some(error))
        }
        (_, _, result) => Err(format!("gives {result:?}").into()),
    }
}

/// `rfc9126_par`: the request is pushed, and the page has nothing but its reference.
pub(super) async fn pushed(part: &Value, name: &str) -> Judged {
    let recorded = query(part.text("authorization_request")?);
    let value = |name| field(&recorded, name).unwrap_or_default();
    let answer = part.at("success/body").cloned().unwrap_or_default();
    same("status", part.number("success/status")?, 201)?;
    same(
        "reference",
        answer.maybe("request_uri"),
        field(&recorded, "request_uri"),
    )?;
    let builder = code(value("client_id")).pushed_authorization_url(PUSHED);
    let back = vec![("code".to_owned(), "c".to_owned())];
    let login = login(builder, "http://localhost/", back, answer).await?;
    let pushed = login.pushed.ok_or("pushes nothing")?;
    same("pushed", field(&pushed, "request_uri"), None)?;
    same("pushed", field(&pushed, "response_type"), Some("code"))?;
    match name {
        "success" | "authorization_request" | "rule" => {
            let mut page = login.page;
            page.sort();
            same("page", page, recorded)
        }
        _ => Err("nothing judges this".into()),
    }
}

/// `rfc9207_iss`: which issuers are taken in an answer.
pub(super) async fn issuer(part: &Value, name: &str, entry: &Value) -> Judged {
    let issuer = part.text("issuer")?;
    let login_with = async |advertised: bool, back: Pairs| {
        let document = object!({
            "issuer": issuer, "authorization_endpoint": PAGE, "token_endpoint": TOKEN,
            "response_types_supported": ["code"],
            "authorization_response_iss_parameter_supported": advertised,
        });
        let metadata = ServerMetadata::parse(issuer, document.to_string())?;
        let builder = metadata.authorization_code("id")?.danger_without_pkce();
        login(builder, "http://localhost/", back, Value::Null).await
    };
    if name != "matrix" {
        let back = match name {
            // The issuer alone says nothing: an answer with it is taken.
            "issuer" => vec![
                ("code".to_owned(), "c".to_owned()),
                ("iss".to_owned(), issuer.to_owned()),
            ],
            _ => query(entry.as_str().ok_or("is no text")?),
        };
        let login = login_with(true, back.clone()).await?;
        return answered(&back, &login);
    }
    let result = entry.text("result")?;
    let named = match entry.text("iss")? {
        "absent" => vec![None],
        "match" => vec![Some(issuer.to_owned())],
        "mismatch" => vec![Some("https://other.example".to_owned())],
        "differs only by trailing slash or case" => {
            vec![Some(format!("{issuer}/")), Some(issuer.to_uppercase())]
        }
        other => return Err(format!("nothing judges an issuer that is {other}").into()),
    };
    let takes = result.starts_with("accept") || result.ends_with("default accept)");
    let advertised = entry.at("advertised").and_then(Value::as_bool);
    let advertised = advertised.ok_or("does not say whether it is advertised")?;
    for named in named {
        let mut back = vec![("code".to_owned(), "c".to_owned())];
        back.extend(named.map(|named| ("iss".to_owned(), named)));
        let login = login_with(advertised, back).await?;
        match &login.result {
            Ok(_) => same("is taken", true, takes)?,
            Err(error) => {
                same("is taken", false, takes)?;
                let kind = TokenError::of(error).map(TokenError::kind);
                same("error", kind, Some(TokenErrorKind::AnswerOfOther))?;
            }
        }
    }
    Ok(())
}
