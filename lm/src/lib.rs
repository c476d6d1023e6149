//! Language models: the port, and clients behind it.
//!
//! Each layer does one thing, and they are put around each other, from the inside out: a client ([`OpenAi`], [`Anthropic`]), which
//! sends a request once; [`Budgeted`], which reserves every attempt; [`Retry`], which asks again; [`DiskCache`], which need not ask.

pub mod anthropic;
pub mod budget;
pub mod cache;
mod endpoint;
mod env;
mod error;
mod lm;
pub mod openai;
mod price;
pub mod retry;
mod types;

pub use anthropic::Anthropic;

pub use abide_base::{clock, id, secret, usage};
/// Needed to implement [`Lm`].
pub use async_trait::async_trait;
pub use budget::{Budget, Budgeted, Drawn};
pub use cache::{CacheStore, DiskCache};
pub use env::{from, from_env};
pub use error::LmError;
pub use lm::Lm;
pub use openai::{OpenAi, TokenLimit};
pub use price::Prices;
pub use retry::Retry;
pub use types::{Finish, LmReply, LmRequest, Message, ReplyFormat, Role};

#[cfg(test)]
mod testing;
