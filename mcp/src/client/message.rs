//! Reads messages of servers before the protocol library does: its types reject a whole message when any part does not fit, and a
//! server that deviates in one part is a server that works with other clients.
//!
//! What is left out is noted as an [`Oddity`]; how an envelope is written is not. Nothing here makes more possible: an answer must still
//! be one to a request that waits for it, and what a tool is called or takes is never guessed.
//!
//! [`Oddity`]: super::oddity::Oddity

mod asked;
mod fit;
mod list;
mod message;
mod result;
mod start;

pub(super) use self::{
    list::{LISTED, MAX_TOOLS},
    result::OMITTED,
    start::not_served,
};
pub(in crate::client) use asked::Asked;
pub(in crate::client) use message::{Expected, Unreadable, is_nothing, parse, plain_call, read, request_id, to_json};
pub(in crate::client) use unusable::{too_long, unusable, what_is_too_long, why_unusable};

#[cfg(test)]
mod tests;
mod typed;
mod unusable;
