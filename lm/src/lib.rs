//! Language models: the port, and clients behind it.
//!
//! Each layer does one thing, and they are put around each other, from the inside out: a client ([`OpenAi`], [`Anthropic`]), which
//! sends a request once; [`Budgeted`], which reserves every attempt; [`Paced`], which sends no more side by side than the server bears; [`Retry`], which asks again; [`DiskCache`], which need not ask.
//! A [`Recorder`] outside of all writes a cassette, from which a [`Player`] answers in tests.

pub mod anthropic;
pub mod budget;
pub mod cache;
pub mod cassette;
mod endpoint;
mod env;
mod error;
mod lenient;
mod lm;
mod message;
pub mod openai;
pub mod pace;
mod price;
mod provider_reply;
mod reply;
mod request;
pub mod retry;

pub use anthropic::Anthropic;

pub use abide_base::{clock, id, secret, usage};
/// Needed to implement [`Lm`].
pub use async_trait::async_trait;
pub use budget::{Budget, Budgeted, Drawn};
pub use cache::{CacheStore, DiskCache};
pub use cassette::{Player, Recorder};
pub use env::{from, from_env};
pub use error::LmError;
pub use lm::Lm;
pub use message::{Message, Part, Reasoning, Role, ToolCall, ToolResult};
pub use openai::{Compat, OpenAi, TokenLimit};
pub use pace::Paced;
pub use price::Prices;
pub use provider_reply::provider_reply;
pub use reply::{Finish, LmReply};
pub use request::{Effort, LmRequest, ReplyFormat, Sampling, Tool, ToolChoice};
pub use retry::Retry;

#[cfg(test)]
mod testing;
