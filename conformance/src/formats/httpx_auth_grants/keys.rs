//! `httpx_auth_cache_keys`: under which key a token is kept.

use super::{
    each, has,
    server::{answering, json},
    settings::{Finish, Problem, Rendering, Settings, verdict},
};
use crate::{case::Case, formats::Format};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha512};
use tower_auth_core::AuthError;
use tower_auth_oauth2::{Grant, OAuth2, OAuth2Builder};
use tower_auth_token::store::{MemoryStore, Store as _};

pub(crate) struct CacheKeys;

const NAME: &str = "httpx_auth_cache_keys";

impl Format for CacheKeys {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, "preimage_before_unicode_escape")
    }

    fn cases(&self, file: &Map<String, Value>) -> Vec<Case> {
        each(NAME, file, |id, vector| {
            Case::new(id, async move {
                let forbidden = Settings::read(&vector)
                    .ok()
                    .and_then(|settings| settings.forbidden_key());
                verdict(judge(&vector).await, forbidden)
            })
        })
    }
}

struct Kept(MemoryStore);

impl Finish for Kept {
    type Output = OAuth2;

    fn finish<G: Grant>(self, builder: OAuth2Builder<G>) -> Result<OAuth2, AuthError> {
        builder.store(self.0).httpx_auth_store_key().build()
    }
}

/// A token is fetched and stored; it has to be where httpx_auth would look, and nowhere near it.
async fn judge(vector: &Value) -> Result<(), Problem> {
    let differs = |why: &str| Problem::Unknown(why.to_owned());
    let settings = Settings::read(vector).map_err(Problem::Unknown)?;
    let key = vector
        .get("key")
        .and_then(Value::as_str)
        .ok_or_else(|| differs("has no key"))?;
    let hashed = vector.get("hashed_bytes").and_then(Value::as_str);
    let hashed = Sha512::digest(hashed.ok_or_else(|| differs("has no hashed_bytes"))?);
    let hex: String = hashed.iter().map(|byte| format!("{byte:02x}")).collect();
    if hex != key {
        return Err(differs("the record does not agree with itself"));
    }
    let field = vector
        .pointer("/kwargs/token_field_name")
        .and_then(Value::as_str);
    let answer = serde_json::json!({field.unwrap_or("access_token"): "token", "expires_in": 3600});
    let (http, _) = answering(move |_| json(200, &answer));
    let store = MemoryStore::new();
    let auth = settings.build(http, Rendering::Python, Kept(store.clone()))?;
    auth.token()
        .await
        .map_err(|error| Problem::Unknown(error.to_string()))?;
    match store.load(key).await {
        Ok(Some(stored)) if stored.token().expose() == "token" => Ok(()),
        Ok(_) => Err(differs("the token is under another key")),
        Err(error) => Err(Problem::Unknown(error.to_string())),
    }
}
