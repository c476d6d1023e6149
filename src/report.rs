//! For people at a terminal, and for remote observers (OpenTelemetry).

#[cfg(feature = "otel")]
pub mod otel;
mod progress;

pub use progress::Bar;
