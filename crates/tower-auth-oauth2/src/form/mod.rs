//! Forms: what token endpoints are sent (RFC 6749 appendix B).

mod value;

pub(crate) use self::value::Value;

use crate::identity::Identity;
use bytes::Bytes;
use std::{borrow::Cow, fmt, time::SystemTime};
use tower_auth_core::{AuthError, Secret};
use zeroize::Zeroizing;

type Name = Cow<'static, str>;

/// Named values in order, as they will be sent. `Debug` shows the names only.
///
/// What a server is sent is [filled](Self::fill) from here, and so is [what tells](Self::identify) one token from
/// another: nothing can be sent that the key of a store does not cover.
#[derive(Clone, Default)]
pub(crate) struct Form(Vec<(Name, Value)>);

/// A form that is ready.
pub(crate) struct Filled(Vec<(Name, Secret)>);

impl Form {
    /// `grant_type=<grant_type>`.
    pub(crate) fn grant(grant_type: &'static str) -> Self {
        Self::default().with("grant_type", grant_type)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Secret>) -> Self {
        self.push(name, value);
        self
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn with_value(mut self, name: &'static str, value: Value) -> Self {
        self.0.push((name.into(), value));
        self
    }

    pub(crate) fn push(&mut self, name: impl Into<Name>, value: impl Into<Secret>) {
        self.0.push((name.into(), Value::text(value)));
    }

    /// One value of this name, in the place of all that were there: RFC 6749 section 3.2 allows no parameter twice.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Secret>) {
        self.set_value(name, Value::text(value));
    }

    /// The same for a value that is made when it is sent.
    pub(crate) fn set_value(&mut self, name: &'static str, value: Value) {
        let Some(at) = self.0.iter().position(|(known, _)| known == name) else {
            return self.0.push((name.into(), value));
        };
        self.0[at].1 = value;
        let mut index = 0;
        self.0.retain(|(known, _)| {
            index += 1;
            known != name || index == at + 1
        });
    }

    /// The caller's own parameters: one of a name that is there already takes its place, all others follow.
    pub(crate) fn extend(&mut self, parameters: &[(Name, Secret)]) {
        let fixed = self.0.len();
        for (name, value) in parameters {
            let value = Value::text(value);
            match self.0[..fixed].iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => *old = value,
                None => self.0.push((name.clone(), value)),
            }
        }
    }

    /// Makes every value, now. `url` is where the form is sent.
    pub(crate) async fn fill(&self, now: SystemTime, url: &str) -> Result<Filled, AuthError> {
        let mut filled = Vec::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            filled.push((name.clone(), value.get(now, url).await?));
        }
        Ok(Filled(filled))
    }

    /// Everything that is sent, but for what differs from one time to the next.
    ///
    /// # Errors
    ///
    /// The name of the value that nobody can tell beforehand.
    pub(crate) fn identify(&self, url: &str, identity: &mut Identity) -> Result<(), &str> {
        identity.add("parameters", &self.0.len().to_be_bytes());
        for (name, value) in &self.0 {
            identity.add("name", name.as_bytes());
            value.identify(url, identity).ok_or(&**name)?;
        }
        Ok(())
    }
}

impl Filled {
    /// All values: what must not be repeated in errors.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// `application/x-www-form-urlencoded`. Its memory is wiped when the last clone is dropped.
    pub(crate) fn encode(&self) -> Bytes {
        // Sized beforehand, so that no copy is left behind by growing.
        let most = |(name, value): &(Name, Secret)| 3 * (name.len() + value.expose().len()) + 2;
        let mut text = Zeroizing::new(String::with_capacity(self.0.iter().map(most).sum()));
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            text.extend(form_urlencoded::byte_serialize(name.as_bytes()));
            text.push('=');
            text.extend(form_urlencoded::byte_serialize(value.expose().as_bytes()));
        }
        Bytes::from_owner(Zeroizing::new(std::mem::take(&mut *text).into_bytes()))
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

/// Form-encodes one value.
pub(crate) fn encode(value: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(3 * value.len()));
    text.extend(form_urlencoded::byte_serialize(value.as_bytes()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::Future as _,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    fn encoded(form: &Form) -> Bytes {
        let filled = pin!(form.fill(SystemTime::UNIX_EPOCH, "https://as.example"));
        match filled.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(filled) => filled.unwrap().encode(),
            Poll::Pending => panic!("texts are there"),
        }
    }

    #[test]
    fn values_are_encoded_as_rfc_6749_appendix_b_says() {
        assert_eq!(*encode(" %&+£€"), "+%25%26%2B%C2%A3%E2%82%AC");
        let form = Form::grant("client_credentials").with("scope", "a b");
        assert_eq!(encoded(&form), "grant_type=client_credentials&scope=a+b");
        assert_eq!(format!("{form:?}"), "[\"grant_type\", \"scope\"]");
    }

    #[test]
    fn a_parameter_of_the_callers_takes_the_place_of_a_fixed_one() {
        let mut form = Form::grant("password").with("username", "u");
        form.extend(&[
            ("grant_type".into(), "urn:x".into()),
            ("resource".into(), "a".into()),
            ("resource".into(), "b".into()),
        ]);
        assert_eq!(
            encoded(&form),
            "grant_type=urn%3Ax&username=u&resource=a&resource=b"
        );
    }

    #[test]
    fn what_is_set_is_there_once() {
        let mut form = Form::grant("refresh_token").with("a", "1");
        form.extend(&[
            ("client_id".into(), "x".into()),
            ("b".into(), "2".into()),
            ("client_id".into(), "y".into()),
        ]);
        form.set("client_id", "z");
        form.set("c", "3");
        assert_eq!(
            encoded(&form),
            "grant_type=refresh_token&a=1&client_id=z&b=2&c=3"
        );
    }
}
