//! Where on the request a token goes, beyond what core has: into form bodies.

mod form_body;

pub use self::form_body::{FormBody, InFormBody};
