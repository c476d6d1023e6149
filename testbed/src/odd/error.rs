use std::io;

/// Why there is no odd server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of cases cannot be read.
    #[error("the cases in `{file}` cannot be read: {error}")]
    File {
        /// The file.
        file: String,
        /// Why.
        error: String,
    },
    /// What is to be sent as JSON is none.
    #[error("this is not JSON: {error}: {text}")]
    Json {
        /// Its beginning.
        text: String,
        /// Why.
        error: String,
    },
    /// There is no key for an algorithm, or it does not sign.
    #[error("there is no key for `{algorithm}`")]
    Key {
        /// The algorithm.
        algorithm: String,
    },
    /// There is no port, or the pipes are closed.
    #[error("cannot serve: {0}")]
    Io(#[from] io::Error),
}
