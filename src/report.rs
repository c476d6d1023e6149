//! For people at a terminal (feature `progress`), and for remote observers (OpenTelemetry, feature `otel`).

#[cfg(feature = "otel")]
pub mod otel;
#[cfg(feature = "progress")]
mod progress;

#[cfg(feature = "progress")]
pub use progress::Bar;
