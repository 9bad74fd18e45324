//! AWS signatures, checked by a server that computes them once more from what arrived.

use crate::{
    Body, BoxError, Http,
    server::serve,
    table::{Table, outcome},
};
use axum::{
    Router,
    body::{Body as Received, to_bytes},
    extract::Request as Incoming,
    http::StatusCode,
};
use http::{Request, header::HeaderMap};
use std::time::{Duration, SystemTime};
use tower::{ServiceBuilder, ServiceExt};
use tower_auth::{
    Clock, Error, HeaderApiKey, SchemeExt,
    aws::{Credentials, PayloadHash, SigV4, Signer},
};

const ID: &str = "AKIDQUICKSTART";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SERVICE: &str = "execute-api";
const REGION: &str = "us-east-1";

pub(crate) async fn run(http: &Http, table: &mut Table) -> Result<(), BoxError> {
    let origin = serve(Router::new().fallback(verify)).await?;
    let credentials = Credentials::new(ID, SECRET)?;

    // As to an API gateway: the body is covered by the signature.
    let sigv4 = SigV4::new(SERVICE, REGION, credentials.clone())?;
    let client = ServiceBuilder::new()
        .layer(sigv4.clone().only_to(&origin)?)
        .service(http.clone());
    let order =
        || Request::post(format!("{origin}/prod/orders?dry=1")).body(Body::from("{\"item\":7}"));
    let (saw, status) = outcome(client.oneshot(order()?).await).await;
    let expected = ("AKIDQUICKSTART: host;x-amz-date", "200");
    table.row("SigV4, POST with a body", saw, status, expected);

    // Whatever the order of the sum, the key is signed too.
    let sum = sigv4 + HeaderApiKey::new("gateway-key")?;
    let client = ServiceBuilder::new()
        .layer(sum.only_to(&origin)?)
        .service(http.clone());
    let (saw, status) = outcome(client.oneshot(order()?).await).await;
    let expected = ("AKIDQUICKSTART: host;x-amz-date;x-api-key", "200");
    table.row("SigV4 + HeaderApiKey", saw, status, expected);

    let wrong = SigV4::new(SERVICE, REGION, Credentials::new(ID, "guess")?)?;
    let client = ServiceBuilder::new()
        .layer(wrong.only_to(&origin)?)
        .service(http.clone());
    let (saw, status) = outcome(client.oneshot(order()?).await).await;
    let expected = ("another signature", "403");
    table.row("SigV4, with a wrong secret", saw, status, expected);

    // A URL that carries its signature: the client that uses it has no credentials.
    let get = Request::get(format!("{origin}/report.pdf")).body(())?;
    let minute = Duration::from_secs(60);
    let url = Signer::new(SERVICE, REGION)?.presign(
        &credentials,
        Clock::system().now(),
        minute,
        &get,
        None,
    )?;
    let response = http
        .request(Request::get(url.uri()).body(Body::default())?)
        .await;
    let (saw, status) = outcome(response.map_err(|error| Error::Inner(error.into()))).await;
    let expected = ("AKIDQUICKSTART: host", "200");
    table.row("nothing but a presigned URL", saw, status, expected);
    Ok(())
}

/// Says whose signature it is and what it covers, when it is right.
async fn verify(request: Incoming) -> (StatusCode, String) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    match recompute(Incoming::from_parts(parts, Received::empty()), &body) {
        Some(saw) => (StatusCode::OK, saw),
        None => (StatusCode::FORBIDDEN, "another signature".to_owned()),
    }
}

fn recompute(mut request: Incoming, body: &[u8]) -> Option<String> {
    let signer = Signer::new(SERVICE, REGION).ok()?;
    let credentials = Credentials::new(ID, SECRET).ok()?;
    let (date, names, signature) = match request.headers_mut().remove("authorization") {
        Some(value) => {
            let value = value.to_str().ok()?;
            let part = |name: &str| Some(value.split_once(name)?.1.split(',').next()?.to_owned());
            let date = request
                .headers()
                .get("x-amz-date")?
                .to_str()
                .ok()?
                .to_owned();
            (date, part("SignedHeaders=")?, part("Signature=")?)
        }
        None => {
            let uri = request.uri().to_string();
            let (unsigned, signature) = uri.split_once("&X-Amz-Signature=")?;
            let part =
                |name: &str| Some(unsigned.split_once(name)?.1.split('&').next()?.to_owned());
            let (date, names) = (part("X-Amz-Date=")?, part("X-Amz-SignedHeaders=")?);
            let signature = signature.to_owned();
            *request.uri_mut() = unsigned.parse().ok()?;
            (date, names, signature)
        }
    };
    // Only what is signed counts.
    let signed: HeaderMap = request
        .headers()
        .iter()
        .filter(|(name, _)| names.split(';').any(|signed| signed == name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    *request.headers_mut() = signed;
    let canonical = signer.canonical_request((&request).into(), PayloadHash::of(body));
    let time = time_of(&signer, &date)?;
    let text = signer.string_to_sign(time, &canonical);
    let same = signer.signature(&credentials, time, &text).ok()? == signature;
    same.then(|| format!("{ID}: {names}"))
}

/// The time of a signature made within the last minute.
fn time_of(signer: &Signer, date: &str) -> Option<SystemTime> {
    let now = Clock::system().now();
    (0..60)
        .filter_map(|ago| now.checked_sub(Duration::from_secs(ago)))
        .find(|time| signer.string_to_sign(*time, b"").contains(date))
}
