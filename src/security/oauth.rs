//! Who we are to an MCP server: OAuth 2.1, with tokens of one pinned issuer.

mod agent;
mod answer;
pub(crate) mod challenge;
mod code;
pub mod config;
mod discovery;
mod dpop;
mod endpoint;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod grant;
mod identity;
mod introspection;
mod issuing;
mod resource;
pub(crate) mod store;
mod token;

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

pub use agent::{Loopback, UserAgent};
pub use code::{Revocation, consent_file, logout};
pub use discovery::{Capabilities, capabilities};
pub use error::AuthError;
pub use identity::Identity;
pub use resource::{ResourceMetadata, TokenChallenge, resource_metadata};
pub use token::AccessToken;

/// Whole seconds since 1970 (RFC 7519, NumericDate).
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// A text that nobody guesses: 192 bits.
fn random_id() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}

#[cfg(test)]
mod tests;
