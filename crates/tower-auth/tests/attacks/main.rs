//! What attackers tried and did not get through with: odd URIs, and redirects, over real clients. It has to stay so.

mod net;
mod redirects;
mod uris;
