use http::Request;
use tower_auth_core::{AuthError, Authorize, Basic, Claim, Scheme, fixed_scheme, scheme};

#[derive(Clone)]
struct Toy;

impl Scheme for Toy {
    fixed_scheme!();
    fn claims(&self, _: &mut dyn FnMut(Claim<'_>)) {}
}

impl<B> Authorize<B> for Toy {
    fn authorize(&self, (): (), _: &mut Request<B>) -> Result<(), AuthError> {
        Ok(())
    }
}

scheme!(seal Toy);

fn main() {
    let basic = Basic::new("user", "password").unwrap();
    let _ = Toy + (basic + Toy);
}
