use http::{Request, Response};
use std::convert::Infallible;
use tower::{Layer, Service, service_fn};
use tower_auth_core::{SchemeExt, Schemes, replay::Cloned};

struct Stream;

fn serves(_: impl Service<Request<Stream>>) {}

fn main() {
    let http = service_fn(async |_: Request<Stream>| Ok::<_, Infallible>(Response::new(())));
    let client = Schemes::<Stream>::new([]).unwrap().replay(Cloned).layer(http);
    serves(client);
}
