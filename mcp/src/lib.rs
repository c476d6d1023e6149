//! Guarded MCP client: servers over streamable HTTP and as child processes, in both eras of the protocol; and [`Boundary`], a policy with
//! the servers that it applies to.

pub mod boundary;
pub mod client;
mod connection;
mod connections;
mod pace;
pub mod servers;

pub use abide_base::{call, clock, event, scope, secret};
pub use abide_credentials as credentials;
pub use abide_guard as guard;
pub use abide_net as net;
pub use boundary::Boundary;
pub use client::{CallContext, ConnectError, McpServer, Oddity, ToolError};
pub use connection::Connection;
pub use connections::Connections;
