//! Constructors of httpx_auth, as ours.

use crate::case::Verdict;
use serde_json::{Map, Value};
use std::time::Duration;
use tower_auth_core::AuthError;
use tower_auth_oauth2::{
    ClientAuth, ClientCredentials, Grant, HttpClient, OAuth2, OAuth2Builder, Password, Provider,
};

/// How values that are no text are written.
#[derive(Clone, Copy)]
pub(super) enum Rendering {
    /// As httpx encodes forms.
    Form,
    /// As Python prints them, which is what goes into the keys of the cache.
    Python,
}

/// A constructor, with its arguments.
pub(super) struct Settings {
    class: String,
    /// Id and secret are form-encoded in `Basic`, which httpx_auth does not do.
    encoded: bool,
    args: Vec<String>,
    kwargs: Map<String, Value>,
}

/// Why there is no scheme.
pub(super) enum Problem {
    Unknown(String),
    Refused(AuthError),
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        Self::Refused(error)
    }
}

/// A verdict, where our constructor has to refuse for this parameter, or else must not.
pub(super) fn verdict(result: Result<(), Problem>, forbidden: Option<&str>) -> Verdict {
    match (result, forbidden) {
        (Ok(()), None) => Verdict::Agrees,
        (Ok(()), Some(parameter)) => {
            Verdict::Differs(format!("takes a `{parameter}` that is not safe"))
        }
        (Err(Problem::Unknown(why)), _) => Verdict::Differs(why),
        (Err(Problem::Refused(error)), Some(parameter)) if error.parameter() == Some(parameter) => {
            Verdict::Agrees
        }
        (Err(Problem::Refused(error)), _) => Verdict::Refused(error.to_string()),
    }
}

/// What is done with a builder, whatever its grant.
pub(super) trait Finish {
    type Output;
    fn finish<G: Grant>(self, builder: OAuth2Builder<G>) -> Result<Self::Output, AuthError>;
}

impl Settings {
    pub(super) fn read(vector: &Value) -> Result<Self, String> {
        let class = vector
            .get("class")
            .and_then(Value::as_str)
            .ok_or("has no class")?;
        let args = vector
            .get("args")
            .and_then(Value::as_array)
            .ok_or("has no args")?;
        let args = args.iter().map(|arg| arg.as_str().map(str::to_owned));
        Ok(Self {
            class: class.to_owned(),
            encoded: false,
            args: args
                .collect::<Option<_>>()
                .ok_or("has an argument that is no text")?,
            kwargs: match vector.get("kwargs") {
                None => Map::new(),
                Some(Value::Object(kwargs)) => kwargs.clone(),
                Some(_) => return Err("has kwargs that are no object".to_owned()),
            },
        })
    }

    /// As RFC 6749 section 2.3.1 wants it.
    pub(super) fn form_encoded(self) -> Self {
        Self {
            encoded: true,
            ..self
        }
    }

    /// Id and secret, for classes that take them.
    pub(super) fn basic(&self) -> Option<(&str, &str)> {
        if let Some(Value::Array(pair)) = self.kwargs.get("client_auth") {
            return pair.first()?.as_str().zip(pair.get(1)?.as_str());
        }
        match &self.args[..] {
            [_, id, secret] if !self.is_password() => Some((id, secret)),
            [_, _, _, id, secret] => Some((id, secret)),
            _ => None,
        }
    }

    pub(super) fn has_refresh(&self) -> bool {
        self.is_password()
    }

    fn is_password(&self) -> bool {
        self.class.contains("ResourceOwnerPassword")
    }

    /// The client's id, when it authenticates by `Basic`.
    fn client_id(&self) -> Option<&str> {
        let position = match (&*self.class, self.is_password()) {
            ("OAuth2ResourceOwnerPasswordCredentials", _) => {
                return self.kwargs.get("client_auth")?.get(0)?.as_str();
            }
            (_, true) => 3,
            (_, false) => 1,
        };
        self.args.get(position).map(String::as_str)
    }

    /// The parameter for which our constructor has to refuse this: a colon in the user name of `Basic`, which is not
    /// form-encoded here (RFC 7617 section 2).
    pub(super) fn forbidden(&self) -> Option<&'static str> {
        self.client_id()?.contains(':').then_some("client_id")
    }

    /// The parameter for which our constructor has to refuse httpx_auth's key: that of a password grant leaves out which
    /// client the token is for, so that two clients share it.
    pub(super) fn forbidden_key(&self) -> Option<&'static str> {
        let shared = self.is_password() && self.client_id().is_some();
        self.forbidden().or_else(|| shared.then_some("store_key"))
    }

    /// Builds the scheme, with what `finish` adds.
    pub(super) fn build<F: Finish>(
        mut self,
        http: HttpClient,
        rendering: Rendering,
        finish: F,
    ) -> Result<F::Output, Problem> {
        let encoded = self.encoded;
        let basic = |id: &str, secret: &str| {
            if encoded {
                ClientAuth::basic(id, secret)
            } else {
                ClientAuth::basic_raw(id, secret)
            }
        };
        let args: Vec<_> = self.args.iter().map(String::as_str).collect();
        match (&*self.class, &args[..]) {
            ("OAuth2ClientCredentials", [url, id, secret]) => {
                let auth = basic(id, secret)?;
                let builder = OAuth2::client_credentials_as(url, auth);
                options(builder, &self.kwargs, http, rendering, finish)
            }
            ("OktaClientCredentials", [instance, id, secret]) => {
                let auth = basic(id, secret)?;
                let server = take(&mut self.kwargs, "authorization_server");
                let okta = Provider::okta(instance, server.as_deref().unwrap_or("default"))?;
                let builder: OAuth2Builder<ClientCredentials> = okta.client_credentials_as(auth);
                options(builder, &self.kwargs, http, rendering, finish)
            }
            ("OAuth2ResourceOwnerPasswordCredentials", [url, user, password]) => {
                let mut builder: OAuth2Builder<Password> = OAuth2::password(url, user, *password);
                match self.kwargs.remove("client_auth") {
                    None | Some(Value::Null) => {}
                    Some(auth) => {
                        let pair: [String; 2] = serde_json::from_value(auth)
                            .map_err(|_| Problem::Unknown("client_auth is no pair".to_owned()))?;
                        builder = builder.client_auth(basic(&pair[0], &pair[1])?);
                    }
                }
                options(builder, &self.kwargs, http, rendering, finish)
            }
            ("OktaResourceOwnerPasswordCredentials", [instance, user, password, id, secret]) => {
                let server = take(&mut self.kwargs, "authorization_server");
                let okta = Provider::okta(instance, server.as_deref().unwrap_or("default"))?;
                let builder = okta.password(user, *password, basic(id, secret)?);
                options(builder, &self.kwargs, http, rendering, finish)
            }
            (class, args) => Err(Problem::Unknown(format!(
                "nothing judges {class} with {} arguments",
                args.len()
            ))),
        }
    }
}

fn take(kwargs: &mut Map<String, Value>, name: &str) -> Option<String> {
    kwargs
        .remove(name)
        .and_then(|value| value.as_str().map(str::to_owned))
}

fn options<G: Grant, F: Finish>(
    mut builder: OAuth2Builder<G>,
    kwargs: &Map<String, Value>,
    http: HttpClient,
    rendering: Rendering,
    finish: F,
) -> Result<F::Output, Problem> {
    let unknown = |name: &str, value: &Value| Problem::Unknown(format!("{name} is {value}"));
    builder = builder.http_client(http);
    for (name, value) in kwargs {
        builder = match (&**name, value) {
            // Where the token goes is judged by the answers, in `Authorization`.
            ("header_name" | "header_value" | "client", _) => builder,
            ("token_field_name", Value::String(field)) => builder.token_field_name(field),
            ("early_expiry" | "timeout", value) => {
                let seconds = value
                    .as_f64()
                    .and_then(|s| Duration::try_from_secs_f64(s).ok());
                let seconds = seconds.ok_or_else(|| unknown(name, value))?;
                match (&**name, seconds.is_zero()) {
                    ("early_expiry", _) => builder.early_expiry(seconds),
                    (_, true) => builder, // httpx_auth's zero means its default
                    (_, false) => builder.timeout(seconds),
                }
            }
            ("scope", Value::Null) => builder.without_scope(),
            ("scope", Value::String(scope)) => builder.scope(scope),
            ("scope", Value::Array(scopes)) => {
                let scopes: Option<Vec<_>> = scopes.iter().map(Value::as_str).collect();
                builder.scopes(scopes.ok_or_else(|| unknown(name, value))?)
            }
            (name, Value::Array(values)) => {
                let texts: Option<Vec<_>> = values.iter().map(|v| text(v, rendering)).collect();
                let texts = texts.ok_or_else(|| unknown(name, value))?;
                texts
                    .into_iter()
                    .fold(builder, |builder, text| builder.parameter(name, text))
            }
            (name, value) => {
                let text = text(value, rendering).ok_or_else(|| unknown(name, value))?;
                builder.parameter(name, text)
            }
        };
    }
    Ok(finish.finish(builder)?)
}

fn text(value: &Value, rendering: Rendering) -> Option<String> {
    Some(match (value, rendering) {
        (Value::String(text), _) => text.clone(),
        (Value::Number(number), _) => number.to_string(),
        (Value::Bool(value), Rendering::Form) => value.to_string(),
        (Value::Bool(true), Rendering::Python) => "True".to_owned(),
        (Value::Bool(false), Rendering::Python) => "False".to_owned(),
        (Value::Null, Rendering::Form) => String::new(),
        (Value::Null, Rendering::Python) => "None".to_owned(),
        (Value::Array(_) | Value::Object(_), _) => return None,
    })
}
