//! The chat completions API, as OpenAI and every compatible server speak it.

mod compat;
mod detect;
mod learned;
mod openai;
mod server;
mod token_limit;
pub(crate) mod wire;

pub use compat::{Compat, Formats, Param};
pub(crate) use detect::Parameter;
pub(crate) use learned::{Body, Learned, Readable};
pub use openai::OpenAi;
pub(crate) use server::KeyHeader;
pub use token_limit::TokenLimit;

#[cfg(test)]
mod tests;
