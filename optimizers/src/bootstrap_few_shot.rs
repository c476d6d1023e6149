mod config;
mod search;

pub use config::BootstrapFewShot;
