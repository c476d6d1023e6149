//! HTTP client with an address filter against SSRF: https only, TLS pins, no redirects, no proxies of the environment, limits on time and
//! size. Abide has no other.

mod address;
mod cause;
mod client;
mod error;
mod host;
#[cfg(test)]
pub(crate) mod lab;
mod options;
mod pin;
mod proxy;
mod resolve;
mod retry;
mod tls;

pub use address::{AddressFilter, AddressKind};
pub use bytes::Bytes;
pub use client::check_address;
pub use client::{Client, Reply, Request, Streamed};
pub use error::Error;
pub use host::is_loopback;
pub use http;
pub use ipnet::IpNet;
pub use options::{ClientCertificate, Options, TlsVersion};
pub use pin::{SpkiPin, SpkiPinError};
pub use retry::{Backoff, MAX_RETRY_AFTER, retry_after};
pub use url::Url;
