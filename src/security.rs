//! The boundary: what the operator allows, and the only way to a tool.

pub mod cedar;
pub mod compare;
pub mod infer;
pub mod lint;
