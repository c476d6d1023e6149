//! What tests of single crates need: certificates, an HTTP server that answers as told, an address that refuses connections, what is
//! logged, tables of pages. It panics where something fails.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "for tests only")]

pub mod authority;
pub mod closed;
pub mod log;
pub mod page;
pub mod stub;
