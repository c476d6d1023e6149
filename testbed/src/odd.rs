//! Odd servers, issuers, streams and tokens, as users of MCP clients meet them, and hostile ones.
//!
//! Each is a [`Case`]: a piece of data that says what is sent, and what must come of it. The files are in `tests/it/wild`; what can be
//! said in them stands in its `README.md`. [`Odd::start`] serves one on a port of loopback that the system picks; [`speak`] serves one
//! over standard input and output.
//!
//! ```
//! use abide_testbed::odd::{self, Launch, Odd};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), odd::Error> {
//! let cases = odd::cases()?;
//! let odd = Odd::start(&cases[0], &Launch::default()).await?;
//! assert!(odd.files()["boundary.toml"].contains("[servers.odd]"));
//! # Ok(())
//! # }
//! ```

mod answer;
mod case;
mod data;
mod issuer;
mod key;
mod odd;
mod text;
mod tool;
mod wire;

#[cfg(test)]
mod tests;

use std::io;

pub use self::{
    case::Case,
    data::cases,
    odd::{Launch, Odd, speak},
};

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
