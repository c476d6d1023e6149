//! The only place that builds an HTTP client: no redirects, no proxies of the environment, https only, bodies and waits capped.

mod client;
mod error;
mod pin;
mod retry;
#[cfg(test)]
pub(crate) mod stub;
mod tls;

pub use bytes::Bytes;
pub use client::{Client, Options, Reply, Request, Streamed};
pub(crate) use client::{check_address, is_loopback};
pub use error::Error;
pub use pin::{SpkiPin, SpkiPinError};
pub use retry::{Backoff, MAX_RETRY_AFTER, retry_after};
