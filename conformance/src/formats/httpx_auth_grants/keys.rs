//! `httpx_auth_cache_keys`: under which key a token is kept.

use super::{
    each, has,
    settings::{Finish, Settings},
};
use crate::{
    case::{Case, Judged, Why},
    formats::Format,
    record::{Read as _, Record, same},
    server::{Log, answering, json},
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha512};
use tower_auth_oauth2::{Grant, OAuth2, OAuth2Builder};
use tower_auth_token::store::{MemoryStore, Store as _};

pub(crate) struct CacheKeys;

impl Format for CacheKeys {
    fn name(&self) -> &'static str {
        "httpx_auth_cache_keys"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, &["preimage_before_unicode_escape"])
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        each(file, judge)
    }
}

struct Kept(MemoryStore);

impl Finish for Kept {
    type Output = OAuth2;

    async fn finish<G: Grant>(
        self,
        builder: OAuth2Builder<G>,
        _: Log<String>,
    ) -> Result<OAuth2, Why> {
        Ok(builder.store(self.0).httpx_auth_store_key().build()?)
    }
}

/// A token is fetched and stored; it has to be where httpx_auth would look, and nowhere near it.
async fn judge(record: Record) -> Judged {
    let hashed = Sha512::digest(record.text("hashed_bytes")?);
    let hex: String = hashed.iter().map(|byte| format!("{byte:02x}")).collect();
    same("the record itself", &*hex, record.text("key")?)?;
    let field = record.maybe("kwargs/token_field_name");
    let answer = serde_json::json!({field.unwrap_or("access_token"): "token", "expires_in": 3600});
    let (http, _) = answering(move |_| json(200, &answer));
    let store = MemoryStore::new();
    let auth = Settings::read(&record)?
        .build(http, Kept(store.clone()))
        .await?;
    auth.token().await?;
    match store.load(&hex).await {
        Ok(Some(stored)) if stored.token().expose() == "token" => Ok(()),
        Ok(_) => Err("the token is under another key".into()),
        Err(error) => Err(error.to_string().into()),
    }
}
