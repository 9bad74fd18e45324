//! `httpx_auth_authorization_urls`: what a browser is sent to, and where the token goes in the end.

use super::{
    each, has,
    settings::{Finish, Settings},
};
use crate::{
    case::{Case, Judged, Why},
    formats::{Format, url::Url},
    record::{Read as _, Record, same},
    server::{Log, Pairs, answering, field, form, header, json, send},
};
use http::Request;
use serde_json::{Map, Value};
use tower_auth_oauth2::{Grant, OAuth2Builder};

pub(crate) struct AuthorizationUrls;

impl Format for AuthorizationUrls {
    fn name(&self) -> &'static str {
        "httpx_auth_authorization_urls"
    }

    fn recognizes(&self, file: &Map<String, Value>) -> bool {
        has(file, &["authorization_url"])
    }

    fn cases(&self, file: &Record) -> Vec<Case> {
        each(file, judge)
    }
}

/// Sends a request with the token in this header, after this template.
struct Through {
    name: String,
    template: String,
}

impl Finish for Through {
    type Output = (String, Option<String>);

    async fn finish<G: Grant>(
        self,
        builder: OAuth2Builder<G>,
        pages: Log<String>,
    ) -> Result<Self::Output, Why> {
        let request = Request::new(());
        let (mut parts, ()) = request.into_parts();
        parts.uri = http::Uri::from_static("https://resource.example/");
        let request = Request::from_parts(parts, ());
        let sent = if self.name.eq_ignore_ascii_case("authorization") {
            send(builder.token_template(&self.template).build()?, request).await?
        } else {
            let name = self.name.as_str();
            send(
                builder.token_in_header(name, &self.template).build()?,
                request,
            )
            .await?
        };
        Ok((pages.one()?, header(&sent, &self.name)))
    }
}

async fn judge(record: Record) -> Judged {
    let field_name = record.maybe("kwargs/token_field_name");
    let answer =
        serde_json::json!({field_name.unwrap_or("access_token"): "token", "expires_in": 3600});
    let (http, _) = answering(move |_| json(200, &answer));
    let through = Through {
        name: record.text("header_name")?.to_owned(),
        template: record.text("header_value")?.to_owned(),
    };
    let sent = through.template.replace("{token}", "token");
    let (page, value) = Settings::read(&record)?.build(http, through).await?;
    same("header", value, Some(sent))?;
    let (ours, recorded) = (
        Url::split(&page),
        Url::split(record.text("authorization_url")?),
    );
    same("server", ours.origin(), recorded.origin())?;
    same("path", ours.path(), recorded.path())?;
    same("fragment", ours.fragment, recorded.fragment)?;
    let (mut ours, mut recorded) = (
        form(ours.query().as_bytes()),
        form(recorded.query().as_bytes()),
    );
    let redirect_uri = field(&recorded, "redirect_uri");
    same("redirect_uri", redirect_uri, record.maybe("redirect_uri"))?;
    same("state", field(&recorded, "state"), record.maybe("state"))?;
    // Ours are random, made for each login; and it may listen at another port.
    for query in [&mut ours, &mut recorded] {
        made(query)?;
        query.sort();
    }
    same("query", ours, recorded)
}

fn made(query: &mut Pairs) -> Judged {
    for (name, value) in query {
        match &**name {
            "state" | "code_challenge" if value.len() >= 43 => "fresh".clone_into(value),
            "nonce" if value.len() == 43 => "fresh".clone_into(value),
            "state" | "code_challenge" => return Err(format!("{name} is {value:?}").into()),
            "redirect_uri" => *value = Url::split(value).without_port(),
            _ => {}
        }
    }
    Ok(())
}
