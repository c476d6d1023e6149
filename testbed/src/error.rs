use std::io;

use crate::{auth, mcp, model, tls};

/// Why the testbed cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The authorization server.
    #[error(transparent)]
    Auth(#[from] auth::Error),
    /// The MCP server.
    #[error(transparent)]
    Mcp(#[from] mcp::Error),
    /// The simulated model.
    #[error(transparent)]
    Model(#[from] model::Error),
    /// Certificates.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// The directory that holds the authority's certificate.
    #[error("cannot write the certificate authority into a temporary directory: {0}")]
    Directory(#[from] io::Error),
}
