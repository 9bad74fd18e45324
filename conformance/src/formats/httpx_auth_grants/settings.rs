//! Constructors of httpx_auth, as ours.

use crate::{
    case::Why,
    python::{is_false, print, repr},
    record::{Read as _, Record},
    server::{Log, Pairs, browser, field, form},
};
use serde_json::Value;
use std::time::Duration;
use tower_auth_core::AuthError;
use tower_auth_oauth2::{
    AuthorizationCode, ClientAuth, Grant, HttpClient, Implicit, OAuth2, OAuth2Builder, Provider,
    browser::{Browser, BrowserBuilder},
};

/// The code that comes back, and the token.
pub(super) const CODE: &str = "SplxlOBeZQQYbYS6WxSbIA";

/// A constructor, with its arguments.
pub(super) struct Settings {
    class: String,
    args: Vec<Value>,
    kwargs: Vec<(String, Value)>,
    /// Id and secret are form-encoded in `Basic`, which httpx_auth does not do.
    encoded: bool,
    /// What goes into keys: as Python prints values. Forms write them as httpx does.
    for_key: bool,
    nonce: String,
}

/// What is done with a builder, whatever its grant.
pub(super) trait Finish {
    type Output;
    /// `pages` are those that a browser will have opened.
    async fn finish<G: Grant>(
        self,
        builder: OAuth2Builder<G>,
        pages: Log<String>,
    ) -> Result<Self::Output, Why>;
}

impl Settings {
    pub(super) fn read(record: &Record) -> Result<Self, Why> {
        let key = record.maybe("preimage_before_unicode_escape");
        let urls = [key, record.maybe("authorization_url")];
        let mut kwargs: Vec<_> = match record.at("kwargs") {
            None => Vec::new(),
            Some(_) => record.object("kwargs")?.clone().into_iter().collect(),
        };
        // JSON objects have no order; the record has.
        let query = |url: &str| form(url.split_once('?').map_or("", |(_, q)| q).as_bytes());
        let mut order: Pairs = urls.into_iter().flatten().flat_map(query).collect();
        order.extend(form(
            record
                .maybe("token_request/body")
                .unwrap_or_default()
                .as_bytes(),
        ));
        kwargs.sort_by_key(|(name, _)| order.iter().position(|(known, _)| known == name));
        Ok(Self {
            class: record.text("class")?.to_owned(),
            args: record.list("args")?.to_vec(),
            kwargs,
            encoded: record.at("form_encoded").is_some(),
            for_key: key.is_some(),
            nonce: record
                .file
                .maybe("fixed/uuid4")
                .unwrap_or("n-0S6_WzA2Mj")
                .to_owned(),
        })
    }

    pub(super) fn has_refresh(&self) -> bool {
        self.class.contains("ResourceOwnerPassword") || self.class.contains("AuthorizationCode")
    }

    pub(super) fn is_for_browser(&self) -> bool {
        self.class.contains("AuthorizationCode") || self.class.contains("Implicit")
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.kwargs.iter().position(|(known, _)| known == name)?;
        Some(self.kwargs.remove(at).1)
    }

    /// The scope: `true` as it is written here.
    fn take_scope(&mut self) -> Option<Value> {
        match self.take("scope")? {
            Value::Bool(true) => Some(self.text(&Value::Bool(true)).into()),
            scope => Some(scope),
        }
    }

    /// A setting that Python replaces by its default when it is nothing.
    fn take_or(&mut self, name: &str, default: &str) -> String {
        let value = self.take(name).filter(|value| !is_false(value));
        value.map_or_else(|| default.to_owned(), |value| print(&value))
    }

    /// As it goes into a form, or a key.
    fn text(&self, value: &Value) -> String {
        match value {
            Value::Bool(value) if !self.for_key => value.to_string(),
            Value::Null if !self.for_key => String::new(),
            value => print(value),
        }
    }

    fn basic(&self, id: &str, secret: &str) -> Result<ClientAuth, Why> {
        match ClientAuth::basic_raw(id, secret) {
            Ok(_) if self.encoded => Err("takes raw credentials that no server can read".into()),
            Err(_) if self.encoded => Ok(ClientAuth::basic(id, secret)?),
            raw => Ok(raw?),
        }
    }

    /// Builds the scheme, with what `finish` adds; and says which pages its browser opened.
    pub(super) async fn build<F: Finish>(
        mut self,
        http: HttpClient,
        finish: F,
    ) -> Result<F::Output, Why> {
        let args: Vec<_> = self.args.iter().map(|arg| self.text(arg)).collect();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let class = self.class.clone();
        match (&*class, &args[..]) {
            ("OAuth2ClientCredentials", [url, id, secret]) => {
                let auth = self.basic(id, secret)?;
                let scope = self.take_scope().filter(|scope| !is_false(scope));
                let builder = OAuth2::client_credentials_as(url, auth);
                self.finish(scoped(builder, scope, ' '), http, finish).await
            }
            ("OktaClientCredentials", [instance, id, secret]) => {
                let auth = self.basic(id, secret)?;
                let scope = self.take_scope();
                let builder = self.okta(instance)?.client_credentials_as(auth);
                self.finish(scoped(builder, scope, ' '), http, finish).await
            }
            ("OAuth2ResourceOwnerPasswordCredentials", [url, user, password]) => {
                let mut builder = OAuth2::password(url, user, *password);
                if let Some(pair) = self.take("client_auth").filter(|pair| !is_false(pair)) {
                    builder = builder.client_auth(self.basic(pair.text("0")?, pair.text("1")?)?);
                }
                let scope = self.take_scope().filter(|scope| !is_false(scope));
                self.finish(scoped(builder, scope, ' '), http, finish).await
            }
            ("OktaResourceOwnerPasswordCredentials", [instance, user, password, id, secret]) => {
                let auth = self.basic(id, secret)?;
                let mut builder = self.okta(instance)?.password(user, *password, auth);
                if let Some(scope) = self.take_scope() {
                    builder = builder.without_scope();
                    if !joined(&scope, ' ').is_empty() && !is_false(&scope) {
                        builder = scoped(builder, Some(scope), ' ');
                    }
                }
                self.finish(builder, http, finish).await
            }
            ("OAuth2AuthorizationCode" | "OAuth2AuthorizationCodePKCE", [page, url]) => {
                let id = self.take_at_front("client_id")?;
                let auth = self.client(&id)?;
                let builder = OAuth2::authorization_code(page, url, &id).client_auth(auth);
                self.code(builder, http, finish).await
            }
            ("OktaAuthorizationCode" | "OktaAuthorizationCodePKCE", [instance, id]) => {
                let mut builder = self.okta(instance)?.authorization_code(id);
                match self.take_scope() {
                    None => {}
                    Some(Value::Null) => {
                        builder = builder.without_scope();
                        self.kwargs.push(("scope".to_owned(), Value::Null));
                    }
                    Some(scope) if joined(&scope, ' ').is_empty() => {
                        builder = builder.without_scope();
                    }
                    scope => builder = scoped(builder, scope, ' '),
                }
                let builder = builder.client_auth(self.client(id)?);
                self.code(builder, http, finish).await
            }
            ("WakaTimeAuthorizationCode", [id, secret]) => {
                let scope = self.take_scope().ok_or("has no scope")?;
                let joined = joined(&scope, ',');
                if !self.kwargs.is_empty() {
                    // Its place is before the others.
                    self.kwargs.insert(0, ("scope".to_owned(), joined.into()));
                }
                let auth = ClientAuth::post(id, *secret)?;
                let builder = Provider::wakatime()
                    .authorization_code(id)
                    .client_auth(auth);
                let builder = scoped(builder, Some(scope), ',');
                self.code(builder, http, finish).await
            }
            ("OAuth2Implicit", [page]) => {
                let id = self.take_at_front("client_id")?;
                self.implicit(OAuth2::implicit(page, &id), http, finish)
                    .await
            }
            ("OktaImplicit" | "OktaImplicitIdToken", [instance, id]) => {
                self.id_token();
                let builder = self.okta(instance)?.implicit(id);
                let scope = self.take_scope().filter(|scope| !is_false(scope));
                self.implicit(scoped(builder, scope, ' '), http, finish)
                    .await
            }
            (
                "AzureActiveDirectoryImplicit" | "AzureActiveDirectoryImplicitIdToken",
                [tenant, id],
            ) => {
                self.id_token();
                let builder = Provider::entra_v1(tenant)?.implicit(id);
                self.implicit(builder, http, finish).await
            }
            (class, args) => {
                let why = format!("nothing judges {class} with {} arguments", args.len());
                Err(why.into())
            }
        }
    }

    fn okta(&mut self, instance: &str) -> Result<Provider, AuthError> {
        let server = self.take_or("authorization_server", "default");
        Provider::okta(instance, &server)
    }

    /// A parameter that our constructor has in front of all others; another place is said as httpx_auth says it.
    fn take_at_front(&mut self, name: &str) -> Result<String, Why> {
        match self.kwargs.first() {
            Some((first, Value::String(_))) if first == name => {
                Ok(print(&self.take(name).unwrap_or_default()))
            }
            _ => Ok(String::new()),
        }
    }

    /// How a client with a login authenticates: `Basic` where both are said, a secret in the body, or nothing.
    fn client(&mut self, id: &str) -> Result<ClientAuth, Why> {
        if !self.class.ends_with("PKCE") {
            let username = self.take("username").filter(|value| !is_false(value));
            let password = self.take("password").filter(|value| !is_false(value));
            if let (Some(username), Some(password)) = (username, password) {
                if !id.is_empty() {
                    self.kwargs
                        .insert(0, ("client_id".to_owned(), id.to_owned().into()));
                }
                return self.basic(&print(&username), &print(&password));
            }
        }
        Ok(match id {
            "" => ClientAuth::anonymous(),
            id => ClientAuth::public(id)?,
        })
    }

    /// What the implicit classes of providers add.
    fn id_token(&mut self) {
        let has = |settings: &Self, name: &str| settings.kwargs.iter().any(|(n, _)| n == name);
        if self.class.ends_with("IdToken") {
            for name in ["response_type", "token_field_name"] {
                if !has(self, name) {
                    self.kwargs.insert(0, (name.to_owned(), "id_token".into()));
                }
            }
        }
        let nonce = self.take_or("nonce", &self.nonce.clone());
        self.kwargs.push(("nonce".to_owned(), nonce.into()));
    }

    async fn code<F: Finish>(
        mut self,
        mut builder: OAuth2Builder<AuthorizationCode>,
        http: HttpClient,
        finish: F,
    ) -> Result<F::Output, Why> {
        if !self.class.ends_with("PKCE") {
            builder = builder.danger_without_pkce();
        }
        let name = self.take("code_field_name");
        let name = name.map_or_else(|| "code".to_owned(), |name| print(&name));
        let (browser, pages, parameters) = self.login(vec![(name.clone(), CODE.to_owned())])?;
        let mut builder = builder.code_field_name(name).browser(browser);
        for (name, value) in parameters {
            builder = builder.authorization_parameter(name, value);
        }
        self.watched(builder, pages, http, finish).await
    }

    async fn implicit<F: Finish>(
        mut self,
        builder: OAuth2Builder<Implicit>,
        http: HttpClient,
        finish: F,
    ) -> Result<F::Output, Why> {
        let kwarg = |name: &str| self.kwargs.iter().find(|(known, _)| known == name);
        let url = self.args.first().map(print).unwrap_or_default();
        let in_url = form(
            url.split_once('?')
                .map_or("", |(_, query)| query)
                .as_bytes(),
        );
        let in_url = field(&in_url, "response_type").filter(|kind| !kind.is_empty());
        let kind = kwarg("response_type").map(|(_, kind)| print(kind));
        let token = match kwarg("token_field_name").filter(|(_, name)| !is_false(name)) {
            Some((_, name)) => print(name),
            // The base class looks for what was asked for.
            None if in_url.or(kind.as_deref()) == Some("id_token") => "id_token".to_owned(),
            None => "access_token".to_owned(),
        };
        let lifetime = ("expires_in".to_owned(), "3600".to_owned());
        let answer = vec![(token.clone(), "token".to_owned()), lifetime];
        let (browser, pages, parameters) = self.login(answer)?;
        let mut builder = builder.token_field_name(token).browser(browser);
        for (name, value) in parameters {
            builder = builder.authorization_parameter(name, value);
        }
        self.watched(builder, pages, http, finish).await
    }

    /// The browser, what it will have opened, and what the address says beside. Of the port only the number would count,
    /// which another program may have.
    #[allow(clippy::type_complexity)]
    fn login(&mut self, answer: Pairs) -> Result<(Browser, Log<String>, Pairs), Why> {
        let _ = self.take("redirect_uri_port");
        let domain = self.take_or("redirect_uri_domain", "localhost");
        let endpoint = self.take_or("redirect_uri_endpoint", "");
        let set = |builder: BrowserBuilder| builder.domain(domain).endpoint(endpoint);
        let (browser, pages) = browser(set, move |_| answer.clone())?;
        let said = self
            .kwargs
            .iter()
            .filter(|(name, _)| !SETTINGS.contains(&&**name) && !NEVER_SAID.contains(&&**name));
        let said = said.map(|(name, value)| (name.clone(), print(value)));
        // httpx_auth drops what has no value.
        let said = said.filter(|(_, value)| !value.is_empty());
        Ok((browser, pages, said.collect()))
    }

    async fn finish<G: Grant, F: Finish>(
        self,
        builder: OAuth2Builder<G>,
        http: HttpClient,
        finish: F,
    ) -> Result<F::Output, Why> {
        self.watched(builder, Log::default(), http, finish).await
    }

    async fn watched<G: Grant, F: Finish>(
        self,
        mut builder: OAuth2Builder<G>,
        pages: Log<String>,
        http: HttpClient,
        finish: F,
    ) -> Result<F::Output, Why> {
        // httpx_auth has no such switch, and sends everywhere.
        builder = builder.http_client(http).allow_localhost();
        for (name, value) in &self.kwargs {
            builder = match (&**name, value) {
                // Where the token goes is judged by the answers, and by the authorization URLs.
                ("header_name" | "header_value" | "client", _) => builder,
                // What the authorization endpoint was told.
                ("scope" | "response_type", _) if self.is_for_browser() => builder,
                ("token_field_name", Value::Null) => builder,
                ("token_field_name", value) => builder.token_field_name(print(value)),
                // Nothing that is sent depends on them.
                ("early_expiry", value) => match seconds(value) {
                    Some(seconds) => builder.early_expiry(seconds),
                    None => builder,
                },
                ("timeout", value) => match seconds(value) {
                    Some(seconds) => builder.timeout(seconds),
                    None => builder,
                },
                (name, Value::Array(values))
                    if !self.for_key || values.len() > 1 && values.iter().all(Value::is_string) =>
                {
                    values.iter().fold(builder, |builder, value| {
                        builder.parameter(name, self.text(value))
                    })
                }
                (name, value @ Value::Array(_)) => builder.parameter(name, repr(value)),
                (name, value) => builder.parameter(name, self.text(value)),
            };
        }
        finish.finish(builder, pages).await
    }
}

/// What is no parameter of the address.
const SETTINGS: [&str; 6] = [
    "client",
    "early_expiry",
    "header_name",
    "header_value",
    "timeout",
    "token_field_name",
];

/// What ours never puts into an address because somebody said so: secrets, and what is made for each login.
pub(crate) const NEVER_SAID: [&str; 13] = [
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "password",
    "redirect_uri",
    "refresh_token",
    "request_uri",
    "state",
    "subject_token",
];

/// A scope as httpx_auth joins it.
fn joined(scope: &Value, separator: char) -> String {
    match scope {
        Value::Array(scopes) => {
            let scopes: Vec<_> = scopes.iter().map(print).collect();
            scopes.join(separator.encode_utf8(&mut [0; 4]))
        }
        scope => print(scope),
    }
}

/// With this scope, when there is one. An empty one is sent as a parameter.
fn scoped<G>(builder: OAuth2Builder<G>, scope: Option<Value>, separator: char) -> OAuth2Builder<G> {
    match &scope {
        None => builder,
        Some(scope) if joined(scope, separator).is_empty() => builder.parameter("scope", ""),
        Some(Value::Array(scopes)) => builder.scopes(scopes.iter().map(print)),
        Some(scope) => builder.scope(print(scope)),
    }
}

/// As a time, if it is one that Rust can say and we take.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    // Zero means the default.
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
}
