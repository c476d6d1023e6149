//! Tools: where calls go.

pub mod mcp;
