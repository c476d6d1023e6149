use std::io;

/// Why the authorization server cannot start or make a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No loopback port could be opened.
    #[error("cannot open a loopback port for the authorization server: {0}")]
    Bind(#[source] io::Error),
    /// A signing key could not be generated.
    #[error("cannot generate a token-signing key: {0}")]
    Generate(#[from] rcgen::Error),
    /// The JWT library refused a generated key.
    #[error("cannot use the generated token-signing key: {0}")]
    Key(#[from] jsonwebtoken::errors::Error),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes for a secret")]
    Randomness,
}
