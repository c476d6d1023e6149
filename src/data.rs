//! Labelled examples: loading them, checking them, splitting them.

mod data;
mod error;
mod load;
mod split;

pub use data::{Dataset, Example, Iter};
pub use error::{Broken, DataError, Place};
pub use split::Splits;

#[cfg(test)]
mod tests;
