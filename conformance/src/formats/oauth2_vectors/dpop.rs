//! `rfc9449_dpop`: what our proofs say, and what becomes of a nonce.

use crate::server::{answering, json};
use crate::{
    case::{Judged, Why},
    record::{Read as _, check, text},
};
use http::{HeaderValue, Request, Uri, header::WWW_AUTHENTICATE};
use serde_json::{Map, Value};
use tower::{Layer as _, ServiceExt as _};
use tower_auth_jose::{Jwk, Verifier, base64url};
use tower_auth_oauth2::{Algorithm, BearerError, Challenge, OAuth2, SigningKey};

type Object = Map<String, Value>;

/// The header and the claims of a proof, whose signature is that of the key in it.
fn verified(proof: &HeaderValue) -> Result<(Object, Object), Why> {
    let proof = proof.to_str().map_err(text)?;
    let header = proof.split('.').next().and_then(base64url::decode);
    let header: Value = serde_json::from_slice(&header.unwrap_or_default()).map_err(text)?;
    let key = Jwk::parse(&header["jwk"].to_string()).map_err(text)?;
    let verifier = Verifier::new([Algorithm::Es256]).keys([key]);
    let verified = verifier.verify(proof).map_err(text)?;
    let claims = verified.claims().map_err(text)?;
    Ok((verified.header().clone(), claims.as_map().clone()))
}

/// The proofs of a token request to this URL, which is answered by these in turn, and of a request with that token.
async fn proofs(
    token_url: &str,
    answers: Vec<http::Response<bytes::Bytes>>,
    method: &str,
    url: &str,
) -> Result<(Vec<HeaderValue>, HeaderValue), Why> {
    let turn = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (http, log) = answering(move |_| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        answers[turn.min(answers.len() - 1)].clone()
    });
    let key = SigningKey::generate(Algorithm::Es256).map_err(text)?;
    let auth = OAuth2::client_credentials(token_url, "id", "secret")
        .dpop(key)
        .http_client(http)
        .build()
        .map_err(text)?;
    let client = auth.layer(tower::service_fn(async |request: Request<()>| {
        let proof = request.headers().get("dpop").cloned();
        Ok::<_, std::convert::Infallible>(http::Response::new(proof))
    }));
    let request = Request::builder().method(method).uri(url).body(());
    let response = client.oneshot(request.map_err(text)?).await.map_err(text)?;
    let sent = log.take();
    let proofs = sent.iter().map(|sent| sent.headers().get("dpop").cloned());
    let proofs: Option<Vec<_>> = proofs.collect();
    Ok((
        proofs.ok_or("a token request has no proof")?,
        response.into_body().ok_or("a request has no proof")?,
    ))
}

fn token(access_token: &str) -> http::Response<bytes::Bytes> {
    let body = serde_json::json!({"access_token": access_token, "token_type": "DPoP"});
    json(200, &body)
}

/// Our own proof for the same request has the same header and claims, but for its key, its id, and its time.
pub(super) async fn proof(part: &Value, entry: &Value) -> Judged {
    let recorded = entry["payload"].as_object().ok_or("has no payload")?;
    let claim = |name: &str| recorded.maybe(name);
    let access_token = part["access_token"].as_str().ok_or("has no access_token")?;
    let (url, method) = (claim("htu").ok_or("no htu")?, claim("htm").ok_or("no htm")?);
    let ours = match claim("ath") {
        None if method == "POST" => {
            let answers = vec![token(access_token)];
            let (proofs, _) = proofs(url, answers, "GET", "https://resource.example.org").await?;
            proofs[0].clone()
        }
        None => return Err("nothing judges a proof without a token".into()),
        Some(_) => {
            let answers = vec![token(access_token)];
            let url = format!("{url}?query#fragment");
            proofs("https://server.example.com/token", answers, method, &url)
                .await?
                .1
        }
    };
    let (header, mut claims) = verified(&ours)?;
    let names = ["typ", "alg"];
    let recorded_header = entry["header"].as_object();
    if let Some(other) = names
        .iter()
        .find(|name| recorded_header.is_some_and(|known| known.get(**name) != header.get(**name)))
    {
        return Err(format!("another {other}: {header:?}").into());
    }
    for name in ["jti", "iat"] {
        let kind = |value: &Value| (value.is_string(), value.is_u64());
        let (ours, theirs) = (claims.get(name).map(kind), recorded.get(name).map(kind));
        if ours != theirs || ours.is_none() {
            return Err(format!("{name} is another kind of value").into());
        }
        claims.insert(name.to_owned(), recorded[name].clone());
    }
    check(claims == *recorded, || format!("claims {claims:?}"))
}

/// `ath` and `access_token`: the hash of the token is in our proof.
pub(super) async fn hash(part: &Value) -> Judged {
    let access_token = part["access_token"].as_str().ok_or("has no access_token")?;
    let answers = vec![token(access_token)];
    let (_, proof) = proofs("https://as.example/t", answers, "GET", "https://h/").await?;
    let (_, claims) = verified(&proof)?;
    check(claims.get("ath") == part.get("ath"), || {
        format!("ours {:?}", claims.get("ath"))
    })
}

/// `challenges`: the error that a challenge of this scheme names is the one that we tell.
pub(super) fn challenges(entry: &Value) -> Judged {
    for challenge in entry.as_array().ok_or("is no list")? {
        let header = challenge.as_str().ok_or("is no text")?;
        let [parsed] = &Challenge::parse(header)[..] else {
            return Err(format!("{header} is not one challenge").into());
        };
        let mut headers = http::HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, header.parse().map_err(text)?);
        let told = BearerError::from_headers(&headers);
        let agrees = parsed.is("DPoP")
            && match parsed.get("error") {
                None => told.is_none(),
                Some("invalid_token") => told == Some(BearerError::InvalidToken),
                Some(code) => told == Some(BearerError::Other(code.to_owned())),
            };
        if !agrees {
            return Err(format!("{header}: {told:?}").into());
        }
    }
    Ok(())
}

/// `as_nonce_error`: after this answer the request comes again, with this nonce.
pub(super) async fn nonce(entry: &Value) -> Judged {
    let status = entry["status"].as_u64().and_then(|s| u16::try_from(s).ok());
    let mut answer = json(status.ok_or("has no status")?, &entry["body"]);
    let headers = entry["headers"].as_object().ok_or("has no headers")?;
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().map_err(text)?;
        let value = value.as_str().ok_or("has an odd header")?;
        answer
            .headers_mut()
            .insert(name, value.parse().map_err(text)?);
    }
    let nonce = answer.headers().get("dpop-nonce").cloned();
    let answers = vec![answer, token("t")];
    let (proofs, _) = proofs("https://as.example/t", answers, "GET", "https://h/").await?;
    let [first, second] = &proofs[..] else {
        return Err(format!("{} token requests", proofs.len()).into());
    };
    let (first, second) = (verified(first)?.1, verified(second)?.1);
    let sent = second.maybe("nonce");
    let nonce = nonce.ok_or("gives no nonce")?;
    if first.contains_key("nonce") || sent.map(str::as_bytes) != Some(nonce.as_bytes()) {
        return Err(format!("sends {sent:?}").into());
    }
    Ok(())
}

/// `htu_normalisation`: ours is this after the normalisation that servers compare by.
pub(super) async fn target(entry: &Value) -> Judged {
    for entry in entry.as_array().ok_or("is no list")? {
        let request = entry["request"].as_str().ok_or("has no request")?;
        let wanted = &entry["htu_must_equal_after_rfc3986_normalisation"];
        let answers = vec![token("t")];
        let (_, proof) = proofs("https://as.example/t", answers, "GET", request).await?;
        let ours = verified(&proof)?.1["htu"].clone();
        let ours: Uri = ours.as_str().unwrap_or_default().parse().map_err(text)?;
        let mut segments = Vec::new();
        for segment in ours.path().split('/').skip(1) {
            match segment {
                "." => {}
                ".." => drop(segments.pop()),
                segment => segments.push(segment),
            }
        }
        let authority = ours.authority().map_or("", |authority| authority.as_str());
        let scheme = ours.scheme_str().unwrap_or_default();
        let ours = format!("{scheme}://{authority}/{}", segments.join("/"));
        if *wanted != *ours {
            return Err(format!("ours {ours}, recorded {wanted}").into());
        }
    }
    Ok(())
}
