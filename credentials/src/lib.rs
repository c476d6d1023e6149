//! Who we are to an MCP server: the OAuth 2.1 client ([`oauth`]), and the verification and signing of tokens ([`jwt`]).

pub mod jwt;
pub mod oauth;
