//! Real servers on loopback to try Abide on, and the customer-service task that is tried on them.
//!
//! [`Testbed::start`] starts an OAuth authorization server ([`auth`]), a customer-service MCP
//! server over TLS ([`mcp`]) and a simulated model ([`model`]). Nothing here knows Abide: it speaks
//! OAuth, MCP and the chat API only.
//!
//! Runs are told apart by the trace id of their `traceparent` (W3C Trace Context), in the HTTP
//! header or in `params._meta` of a message. Each run has a burst of calls and a state of its own,
//! and the same call always gets the same reply; so what a run sees depends on what it does, and
//! neither on other runs nor on the speed of the machine.
//!
//! ```
//! use abide_testbed::{Options, Testbed, TraceId};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), abide_testbed::Error> {
//! let testbed = Testbed::start(Options::default().burst(8)).await?;
//! assert!(testbed.mcp_url().starts_with("https://127.0.0.1:"));
//! assert!(testbed.ca_path().exists());
//! assert!(testbed.state(TraceId::NONE).tickets.is_empty());
//! # Ok(())
//! # }
//! ```

pub mod auth;
pub mod customers;
mod error;
mod hex;
#[cfg(feature = "lab")]
pub mod lab;
pub mod log;
pub mod mcp;
pub mod model;
pub mod odd;
mod options;
pub mod serve;
pub mod task;
mod testbed;
pub mod tls;
pub mod trace;
pub mod wire;

pub use self::{
    error::Error,
    options::Options,
    serve::Scheme,
    testbed::{CLIENT_ID, CLIENT_SCOPES, Testbed},
    trace::TraceId,
};

#[cfg(test)]
mod tests;
