//! The boundary: what the operator allows, and the only way to a tool.

pub mod boundary;
pub mod cedar;
pub mod compare;
mod connection;
mod connections;
pub mod infer;
pub mod lint;
mod pace;
pub mod servers;

pub use boundary::Boundary;
pub use connection::Connection;
pub use connections::Connections;
