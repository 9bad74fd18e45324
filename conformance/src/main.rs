//! `cargo run -q --release -p conformance -- [--whole] FILE.json…`: judges our code by vector files. See `README.md`.

mod case;
mod exceptions;
mod formats;
mod python;
mod record;
mod run;
mod server;

use std::{
    io::{stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

fn main() -> ExitCode {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (mut out, mut err) = (stdout().lock(), stderr().lock());
    match run::run(&files, formats::ALL, exceptions::ALL, &mut out, &mut err) {
        Ok(end) => ExitCode::from(end as u8),
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::from(run::End::Unusable as u8)
        }
    }
}
