//! The table that the quickstart prints.

use http::Response;
use http_body_util::{BodyExt as _, Limited};
use std::{fmt::Display, process::ExitCode};
use tower_auth::Error;

/// One row a request.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 5]>);

impl Table {
    /// Adds what happened, judged by what should have happened.
    pub(crate) fn row(&mut self, sent: &str, saw: String, status: String, expected: (&str, &str)) {
        let mark = if (saw.as_str(), status.as_str()) == expected {
            "ok"
        } else {
            "UNEXPECTED"
        };
        let saw = if saw.is_empty() {
            "no credentials".to_owned()
        } else {
            saw
        };
        let number = format!("{}", self.0.len() + 1);
        self.0
            .push([number, sent.to_owned(), saw, status, mark.to_owned()]);
    }

    /// Prints all rows; the exit code is 0 when each was as expected.
    pub(crate) fn print(self) -> ExitCode {
        let head = ["", "the client has", "the server saw", "status", ""].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(head).chain(self.0).collect();
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: [usize; 5] = std::array::from_fn(width);
        for row in &rows {
            let line: Vec<_> = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            println!("{}", line.join("  ").trim_end());
        }
        let unexpected = rows.iter().filter(|row| row[4] == "UNEXPECTED").count();
        println!();
        if unexpected == 0 {
            println!("{} requests, all as expected.", rows.len() - 1);
            ExitCode::SUCCESS
        } else {
            println!(
                "{unexpected} of {} requests were not as expected.",
                rows.len() - 1
            );
            ExitCode::FAILURE
        }
    }
}

/// What came back: the body (of at most 4 KiB) and the status, or the error.
pub(crate) async fn outcome<T, E>(result: Result<Response<T>, Error<E>>) -> (String, String)
where
    T: http_body::Body<Data: Send, Error: Into<crate::BoxError>>,
    E: Display,
{
    match result {
        Ok(response) => {
            let status = response.status().as_u16().to_string();
            match Limited::new(response.into_body(), 4096).collect().await {
                Ok(body) => (
                    String::from_utf8_lossy(&body.to_bytes()).into_owned(),
                    status,
                ),
                Err(error) => (error.to_string(), status),
            }
        }
        Err(Error::Auth(error)) => (
            "nothing: it was not sent".to_owned(),
            format!("{:?}", error.kind()),
        ),
        Err(Error::Inner(error)) => (error.to_string(), "network error".to_owned()),
    }
}
