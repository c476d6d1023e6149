//! Who we are to an MCP server: the OAuth 2.1 client ([`oauth`]), and the verification and signing of tokens ([`jwt`]).

/// For those who implement a port.
pub use async_trait::async_trait;

pub mod jwt;
pub mod oauth;
