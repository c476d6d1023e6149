//! Who we are to an MCP server: OAuth 2.1 client credentials from one pinned issuer.

pub(crate) mod challenge;
mod discovery;
mod error;
mod grant;
mod identity;
mod resource;
mod token;

pub use error::AuthError;
pub use identity::Identity;
pub use token::AccessToken;

#[cfg(test)]
mod tests;
