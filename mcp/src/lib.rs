//! Guarded MCP client: servers over streamable HTTP and as child processes, in both eras of the protocol, and the boundary that says which
//! servers there are.

pub mod boundary;
pub mod client;
mod connection;
mod connections;
mod pace;
pub mod servers;

pub use boundary::Boundary;
pub use client::{CallContext, ConnectError, McpServer, Oddity, ToolError};
pub use connection::Connection;
pub use connections::Connections;
