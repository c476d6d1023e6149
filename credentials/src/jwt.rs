//! Signed tokens (RFC 7519): nothing in one that was received counts before its signature, issuer, audience and times are
//! checked ([`Verifier`]). Tokens of our own are signed by a [`SigningKey`].

mod cache;
mod claims;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod json;

mod key;
mod limit;
mod resource_server;
mod sign;
mod token;
mod verifier;

pub use claims::{Claims, Confirmation};
pub use error::Error;
pub(crate) use limit::LEEWAY;
pub use limit::MAX_TOKEN;
pub use resource_server::{Refusal, ResourceServer};
pub use sign::{Algorithm, KeyError, KeyHint, SigningKey, UnknownAlgorithm};
pub use verifier::Verifier;

#[cfg(test)]
mod tests;
