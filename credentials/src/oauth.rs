//! OAuth 2.1 client for MCP servers, with tokens of one pinned issuer and for one server, so that no server becomes a confused deputy;
//! step-up authorization within the scopes that the boundary lists.

mod agent;
mod answer;
pub mod challenge;
mod code;
pub mod config;
mod discovery;
mod dpop;
mod endpoint;
mod error;
mod expiry;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod grant;
mod identity;
mod introspection;
mod issuing;
mod obtain;
mod random;
mod resource;
pub mod store;
mod token;
mod token_challenge;
mod unix_time;

pub use agent::{Loopback, UserAgent};
pub use code::{Revocation, consent_file, logout};
pub use discovery::{Capabilities, capabilities};
pub use error::AuthError;
pub use identity::Identity;
pub use resource::{ResourceMetadata, resource_metadata};
pub use token::AccessToken;
pub use token_challenge::TokenChallenge;

#[cfg(test)]
mod tests;
