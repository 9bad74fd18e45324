//! Schemes added up, in types and at run time.

use super::floors::{self, KEY, TOKEN, X_API_KEY, X_APP_KEY};
use crate::{Body, BoxError, Calls, Case, Group, get};
use tower_auth_core::{Basic, Bearer, BoxScheme, HeaderApiKey, Schemes};
use tower_http::{auth::AddAuthorizationLayer, set_header::SetRequestHeaderLayer};
use tower_layer::Stack;

pub(super) const GROUP: Group = Group::new("sums", cases);

fn cases() -> Result<Vec<Case>, BoxError> {
    let key = || HeaderApiKey::new(KEY);
    let basic = || Basic::new("user", "password");
    let app = || HeaderApiKey::new(KEY)?.in_header(X_APP_KEY);
    Ok(vec![
        Case::new(
            "`HeaderApiKey + Basic` / hand-written insert",
            Calls::new(key()? + basic()?, get),
            Calls::new(floors::key_and_basic()?, get),
        ),
        Case::new(
            "`HeaderApiKey + Basic` / tower-http `SetRequestHeader`, `AddAuthorization`",
            Calls::new(key()? + basic()?, get),
            Calls::new(
                Stack::new(
                    AddAuthorizationLayer::basic("user", "password").as_sensitive(true),
                    SetRequestHeaderLayer::overriding(X_API_KEY, floors::value(KEY)?),
                ),
                get,
            ),
        ),
        Case::new(
            "`HeaderApiKey + HeaderApiKey + Bearer` / hand-written insert",
            Calls::new(key()? + app()? + Bearer::new(TOKEN)?, get),
            Calls::new(floors::keys_and_bearer()?, get),
        ),
        Case::new(
            "`Schemes` [`HeaderApiKey`, `Basic`] / hand-written insert",
            Calls::new(
                Schemes::<Body>::new([BoxScheme::new(key()?), BoxScheme::new(basic()?)])?,
                get,
            ),
            Calls::new(floors::key_and_basic()?, get),
        ),
    ])
}
