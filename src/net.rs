//! The only place that builds an HTTP client.

mod pin;

pub use pin::{SpkiPin, SpkiPinError};
