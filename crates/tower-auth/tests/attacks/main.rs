//! What attackers tried and did not get through with: odd URIs, and redirects, over real clients. It has to stay so.

mod net;
mod redirects;
#[cfg(all(
    feature = "aws",
    feature = "digest",
    feature = "netrc",
    feature = "oauth1",
    feature = "oauth2-dpop",
    feature = "oauth2-jwt",
    feature = "client",
    feature = "graphql-login",
    feature = "reqwest"
))]
mod traces;
mod uris;
