//! OAuth 2.1 client for MCP servers ([`oauth`]); JWT verification and signing ([`jwt`]).

/// Needed to implement [`oauth::UserAgent`].
pub use async_trait::async_trait;

pub mod jwt;
pub mod oauth;

pub use abide_base::{call::ServerId, clock, scope, secret};
pub use abide_net as net;
