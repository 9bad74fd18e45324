//! What environment and files say: profiles, the region, endpoints. Providers read it; nothing here knows of them.

pub(super) mod endpoint;
mod parse;
pub(super) mod region;
mod section;
mod selected;
mod set;

pub(super) use self::{
    selected::Selected,
    set::{Entry, ProfileSet},
};
