//! Integration tests.

#[cfg(feature = "cli")]
mod cli;
