//! Few-shot demonstrations from runs that went well.

mod config;
mod search;

pub use config::BootstrapFewShot;
