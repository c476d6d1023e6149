//! How MCP servers are reached: addresses, child processes, credentials, TLS, rates.

mod config;
mod file;
mod input;
mod servers;
mod validate;

pub use config::{CommandConfig, Protocol, ServerConfig};
pub(crate) use file::{LoadContext, read};
pub use input::InputPolicy;
pub use servers::Servers;
pub(crate) use validate::validate;
