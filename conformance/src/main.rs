//! `cargo run -q --release -p conformance -- FILE.json…`: judges our code by vector files. See `README.md`.

mod block_on;
mod case;
mod exceptions;
mod formats;
mod run;
mod wire;

use std::{
    io::{stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

fn main() -> ExitCode {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let judged = exceptions::Exceptions::embedded()
        .map_err(std::io::Error::other)
        .and_then(|exceptions| {
            run::run(
                &files,
                formats::ALL,
                &exceptions,
                &mut stdout().lock(),
                &mut stderr().lock(),
            )
        });
    match judged {
        Ok(end) => ExitCode::from(end as u8),
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::from(run::End::Unusable as u8)
        }
    }
}
