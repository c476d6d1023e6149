//! Keys of our own, for client assertions (RFC 7523) and proofs of possession (RFC 9449).

mod algorithm;
mod error;
mod key;
mod sign;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use error::KeyError;
pub use sign::{KeyHint, SigningKey};

#[cfg(test)]
mod tests;
