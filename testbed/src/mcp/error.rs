use std::io;

/// Why the MCP server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No loopback port could be opened.
    #[error("cannot open a loopback port for the mcp server: {0}")]
    Bind(#[source] io::Error),
    /// A tool's own schema is broken.
    #[error("the input schema of tool `{0}` is invalid: {1}")]
    Schema(String, String),
}
