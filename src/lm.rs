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
pub mod openai;
mod price;
pub mod retry;
#[cfg(test)]
mod testing;
mod types;

use futures_util::future::BoxFuture;

pub use anthropic::Anthropic;
pub use budget::{Budget, Budgeted, Spent};
pub use cache::{CacheStore, DiskCache};
pub use env::{from, from_env};
pub use error::LmError;
pub use openai::{OpenAi, TokenLimit};
pub use price::Prices;
pub use retry::Retry;
pub use types::{Finish, LmReply, LmRequest, Message, ModelId, ReplyFormat, Role};

/// A language model. Implementations neither retry nor cache by themselves unless that is what they are for, so that every call is counted.
pub trait Lm: Send + Sync {
    /// Which model this is; part of cache keys and provenance. Holds no secret.
    fn model(&self) -> &ModelId;

    /// Asks the model.
    fn complete<'a>(&'a self, request: &'a LmRequest) -> BoxFuture<'a, Result<LmReply, LmError>>;
}
