//! For people at a terminal, and for those who watch from afar.

#[cfg(feature = "otel")]
pub mod otel;
mod progress;

pub use progress::Bar;
