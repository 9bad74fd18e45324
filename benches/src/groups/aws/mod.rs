//! AWS signatures, next to the SDK's signer, reqsign, and what hashing alone costs.

mod chunk;
mod peers;
mod requests;

use crate::{BoxError, Calls, Case, Group};
use std::time::{Duration, SystemTime};
use tower_auth_aws::{Credentials, SigV4, Signer};
use tower_auth_core::{Clock, clock::TimeSource};

pub(super) const GROUP: Group = Group::new("aws", cases);

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const REGION: &str = "us-east-1";

fn cases() -> Result<Vec<Case>, BoxError> {
    let credentials = Credentials::new(ID, SECRET)?;
    let execute_api = || -> Result<_, BoxError> {
        Ok(SigV4::new("execute-api", REGION, credentials.clone())?.clock(frozen()))
    };
    let s3 = || -> Result<_, BoxError> {
        Ok(SigV4::new("s3", REGION, credentials.clone())?.clock(frozen()))
    };
    let v4a = SigV4::with_signer(Signer::v4a("s3", "*")?, credentials.clone());
    Ok(vec![
        Case::new(
            "SigV4 GET, 4 headers / aws-sigv4",
            Calls::new(execute_api()?, requests::get),
            Calls::new(peers::aws_sigv4("execute-api"), requests::get),
        ),
        Case::new(
            "SigV4 GET, 4 headers / reqsign",
            peers::masked(Calls::new(
                SigV4::new("s3", REGION, credentials.clone())?.unsigned_payload(),
                requests::get_for_reqsign,
            )),
            peers::masked(Calls::new(peers::reqsign("s3"), requests::get_for_reqsign)),
        ),
        Case::new(
            "SigV4 GET, 4 headers / the hashes alone: SHA-256, and HMAC with the day's key",
            peers::nothing_shown(Calls::new(execute_api()?, requests::get)),
            peers::nothing_shown(Calls::new(peers::floor(), requests::get)),
        ),
        Case::new(
            "SigV4 GET, 4 headers / … with HMAC's inner state kept",
            peers::nothing_shown(Calls::new(execute_api()?, requests::get)),
            peers::nothing_shown(Calls::new(peers::lower_floor(), requests::get)),
        ),
        Case::new(
            "SigV4 POST, 1 KiB / aws-sigv4",
            Calls::new(execute_api()?, requests::post),
            Calls::new(peers::aws_sigv4("execute-api"), requests::post),
        ),
        Case::new(
            "SigV4 PUT, 1 MiB, S3 / aws-sigv4",
            Calls::new(s3()?, requests::put),
            Calls::new(peers::aws_sigv4("s3"), requests::put),
        )
        .of_long_calls(),
        Case::new(
            "SigV4 PUT, 1 MiB, S3 / the hash of the body alone",
            peers::nothing_shown(Calls::new(s3()?, requests::put)),
            peers::nothing_shown(Calls::new(peers::body_hash(), requests::put)),
        )
        .of_long_calls(),
        Case::new(
            "SigV4a GET, 4 headers / aws-sigv4",
            peers::masked(Calls::new(v4a.unsigned_payload(), requests::get)),
            peers::masked(Calls::new(peers::aws_sigv4a("s3"), requests::get)),
        )
        .of_long_calls(),
        peers::presigning()?,
        peers::presigning_alone()?,
        chunk::against_aws_sigv4()?.of_long_calls(),
        chunk::against_the_hash()?.of_long_calls(),
    ])
}

/// 20150830T123600Z, always: both sides sign the same.
fn time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

#[derive(Debug)]
struct Frozen;

impl TimeSource for Frozen {
    fn now(&self) -> SystemTime {
        time()
    }

    fn monotonic(&self) -> std::time::Instant {
        Clock::system().monotonic()
    }
}

fn frozen() -> Clock {
    Clock::new(Frozen)
}
