//! Tools of MCP servers, over streamable HTTP and stdio, in both eras of the protocol (2026-07-28, and 2025-11-25 and older).
//!
//! The only place that knows `rmcp`. Tokens are attached below it, so a call cannot carry any other token than that of its own server.

mod answer;
mod call;
mod client;
mod era;
mod error;
mod exchange;
mod flood;
mod freshness;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod handler;
mod http;
mod inbound;
mod input;
mod limit;
mod link;
mod listen;
mod listing;
mod lost;
mod message;
mod oddity;
mod pipes;
mod place;
mod process;
mod reply;
mod rounds;
mod schemas;
mod server;
mod spec;
mod sse;
mod start;
mod stream;
mod subject;

pub use self::{
    call::CallContext,
    error::{ConnectError, ToolError},
    oddity::Oddity,
};
pub use server::McpServer;

#[cfg(test)]
mod tests;
