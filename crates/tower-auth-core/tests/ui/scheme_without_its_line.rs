use http::Request;
use tower_auth_core::{AuthError, Authorize, Basic, Claim, Scheme, SchemeExt, fixed_scheme};

#[derive(Clone)]
struct Mine;

impl Scheme for Mine {
    fixed_scheme!();
    fn claims(&self, _: &mut dyn FnMut(Claim<'_>)) {}
}

impl<B> Authorize<B> for Mine {
    fn authorize(&self, (): (), _: &mut Request<B>) -> Result<(), AuthError> {
        Ok(())
    }
}

fn main() {
    let _ = Basic::new("user", "password").unwrap() + Mine;
    let _ = Mine.keep_existing();
}
