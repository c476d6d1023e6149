//! How MCP servers are reached: addresses, child processes, credentials, TLS, rates.

mod config;
mod file;
mod input;
mod servers;
mod validate;

pub use config::{Access, CommandConfig, Protocol, ServerConfig};
pub(in crate::security) use file::{LoadContext, read};
pub use input::InputPolicy;
pub use servers::Servers;
pub(in crate::security) use validate::validate;
