use http::{Request, Response};
use std::convert::Infallible;
use tower::{Layer, Service, util::BoxService};
use tower_auth_core::Schemes;

type Http = BoxService<Request<()>, Response<()>, Infallible>;

fn client(http: Http) {
    let client = Schemes::<()>::new([]).unwrap().layer(http);
    serves(client);
}

fn serves(_: impl Service<Request<()>>) {}

fn main() {}
