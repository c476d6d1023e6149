//! Labelled examples: loading them, checking them, splitting them.

mod data;
mod error;
mod example;
mod load;
mod split;

pub use data::{Dataset, Iter};
pub use error::{Broken, DataError, Place};
pub use example::Example;
pub use split::Splits;

#[cfg(test)]
mod tests;
