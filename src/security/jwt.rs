//! Signed tokens (RFC 7519): nothing in one that was received counts before its signature, issuer, audience and times are
//! checked ([`Verifier`]). Tokens of our own are signed by a [`SigningKey`].

mod cache;
mod claims;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod jwt;
mod key;
mod looks;
mod resource;
mod sign;
mod token;

pub use claims::{Claims, Confirmation};
pub use error::Error;
pub(in crate::security) use jwt::LEEWAY;
pub use jwt::{MAX_TOKEN, Verifier};
pub use looks::is_jwt;
pub use resource::{Refusal, ResourceServer};
pub use sign::{Algorithm, KeyError, KeyHint, SigningKey};

#[cfg(test)]
mod tests;
