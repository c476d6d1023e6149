//! A model by environment variables.

mod address;
mod env;
mod vendor;

pub use env::{from, from_env};

#[cfg(test)]
mod tests;
