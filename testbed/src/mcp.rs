//! A customer-service MCP server over streamable HTTP: a real resource server (RFC 9728, RFC 6750)
//! that checks tokens, scopes, rates and arguments, and logs what it did.
//!
//! It speaks both the stateless protocol (2026-07-28) and those that start with `initialize`.

mod clock;
mod error;
mod execute;
mod fault;
mod gate;
mod limit;
mod options;
mod retry_after;
mod server;
mod service;
mod tool;
mod verify;

pub use self::{
    error::Error,
    fault::Fault,
    options::Options,
    retry_after::RetryAfter,
    server::Server,
    tool::{SCOPES, scope_of},
    verify::{Checking, Passed, Refused, TokenCheck},
};

#[cfg(test)]
mod tests;
