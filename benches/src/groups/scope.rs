//! What it costs to judge where a request goes.

use super::floors::{self, BASIC, ORIGIN};
use crate::{BoxError, Calls, Case, Group, InsertLayer, get};
use http::{Request, header::AUTHORIZATION, uri};
use tower_auth_core::{Basic, HeaderApiKey, SchemeExt};

pub(super) const GROUP: Group = Group::new("scope", cases);

fn cases() -> Result<Vec<Case>, BoxError> {
    Ok(vec![
        Case::new(
            "`Basic.only_to(origin)` / hand-written insert, unscoped",
            Calls::new(Basic::new("user", "password")?.only_to(ORIGIN)?, get),
            Calls::new(floors::authorization(BASIC)?, get),
        ),
        Case::new(
            "`Basic.only_to(origin)` / hand-written insert for one origin",
            Calls::new(Basic::new("user", "password")?.only_to(ORIGIN)?, get),
            Calls::new(scoped()?, get),
        ),
        Case::new(
            "`Basic.only_to` 3 origins, the last matches / hand-written insert, unscoped",
            Calls::new(
                Basic::new("user", "password")?.only_to([
                    "https://eu.example.com",
                    "https://us.example.com:8443",
                    ORIGIN,
                ])?,
                get,
            ),
            Calls::new(floors::authorization(BASIC)?, get),
        ),
        Case::new(
            "`(HeaderApiKey + Basic).only_to(origin)` / hand-written insert, unscoped",
            Calls::new(
                (HeaderApiKey::new(floors::KEY)? + Basic::new("user", "password")?)
                    .only_to(ORIGIN)?,
                get,
            ),
            Calls::new(floors::key_and_basic()?, get),
        ),
        Case::new(
            "out of scope / nothing done",
            Calls::new(
                Basic::new("user", "password")?.only_to("https://other.example.com")?,
                get,
            ),
            Calls::new(InsertLayer(|_: &mut Request<_>| {}), get),
        ),
    ])
}

/// The same header, for one authority over https.
fn scoped<B>() -> Result<InsertLayer<impl Fn(&mut Request<B>) + Clone + use<B>>, BoxError> {
    let value = floors::value(BASIC)?;
    let authority = String::from("api.example.com");
    Ok(InsertLayer(move |request: &mut Request<B>| {
        let uri = request.uri();
        if uri.scheme() == Some(&uri::Scheme::HTTPS)
            && uri
                .authority()
                .is_some_and(|a| a.as_str().eq_ignore_ascii_case(&authority))
        {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
    }))
}
