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
mod error;
mod issuer;
mod key;
mod odd;
mod text;
mod tool;
mod wire;

pub use self::{
    case::Case,
    data::cases,
    error::Error,
    odd::{Launch, Odd, speak},
};

#[cfg(test)]
mod tests;
