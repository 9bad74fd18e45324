//! What a `.netrc` says for a URI, for each line of standard input: the file and the URI, between them a tab. Answers with
//! the value of `Authorization`, with `none`, or with `error` and why. `interop/netrc` compares it with others' readers.

use http::{Request, Response, header::AUTHORIZATION};
use std::{convert::Infallible, io::BufRead};
use tower::{Layer, ServiceExt};
use tower_auth_netrc::Netrc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let http = tower::service_fn(async |request: Request<()>| {
        let value = request.headers().get(AUTHORIZATION).cloned();
        Ok::<_, Infallible>(Response::new(value))
    });
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (file, uri) = line.split_once('\t').ok_or("file and URI, with a tab")?;
        let netrc = match Netrc::from_file(file) {
            Ok(netrc) => netrc,
            Err(error) => {
                println!("error {error}");
                continue;
            }
        };
        match netrc.layer(http).oneshot(Request::get(uri).body(())?).await {
            Ok(response) => match response.into_body() {
                Some(value) => println!("{}", value.to_str()?),
                None => println!("none"),
            },
            Err(error) => println!("error {error}"),
        }
    }
    Ok(())
}
