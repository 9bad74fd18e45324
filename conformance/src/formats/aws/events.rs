//! Event streams: the signature of every message.

use super::{Context, Recorded, hex, judge as steps};
use crate::{
    case::Judged,
    record::{Read as _, same, text},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;
use std::time::{Duration, SystemTime};
use tower_auth_aws::EventSigner;

#[derive(Deserialize)]
struct Event {
    date_ms: u64,
    timestamp: String,
    payload_base64: String,
    header_block_hex: String,
    signature: String,
}

pub(super) fn judge(entry: &Value) -> Judged {
    let context: Context = entry.read("context")?;
    let recorded: Recorded = entry.read("request")?;
    let seed = entry.read("expected")?;
    let payload = context.payload(&[])?;
    let host = entry["host_header"].as_str();
    let signed = steps::header(&context, &recorded, host, payload, &seed, false)?;
    let credentials = context.credentials()?;
    let mut signer = EventSigner::new(&signed.signer, &credentials, &signed.signature);
    let events: Vec<Event> = entry.read("expected/events")?;
    if events.is_empty() {
        return Err("records no events".into());
    }
    for (index, event) in events.iter().enumerate() {
        let time = super::time(&event.timestamp)?;
        // Milliseconds are cut off; the timestamp says the same second.
        let exact = SystemTime::UNIX_EPOCH + Duration::from_millis(event.date_ms);
        if exact
            .duration_since(time)
            .map_or(1000, |after| after.as_millis())
            >= 1000
        {
            return Err(format!("event {index}: its two times are not of one second").into());
        }
        let payload = STANDARD.decode(&event.payload_base64).map_err(text)?;
        let mut wrapping = signer.clone();
        let ours = signer.sign(exact, &payload).map_err(text)?;
        same(&format!("event {index}"), ours, &event.signature)?;
        let message = wrapping.wrap(exact, &payload).map_err(text)?;
        let (date, signature) = (hex(&event.header_block_hex)?, hex(&event.signature)?);
        let contains = |part: &[u8]| message.windows(part.len()).any(|window| window == part);
        if !contains(&date) || !contains(&signature) {
            return Err(format!("event {index}: the message lacks its date or signature").into());
        }
    }
    Ok(())
}
