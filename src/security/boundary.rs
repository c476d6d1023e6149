//! What the operator allows: servers, scopes, effects, argument rules, limits.

mod server;

pub use server::{ClientAuth, ServerConfig};
