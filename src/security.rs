//! The boundary: what the operator allows, and the only way to a tool.

pub mod boundary;
pub mod jwt;
pub mod oauth;
mod scope;

pub use scope::{Scope, ScopeError, ScopeSet};
