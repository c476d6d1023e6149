//! The compiled program as a file: state, what it needs, where it came from, and how well it did.
//!
//! An [`Artifact`] is JSON with a digest over its canonical form (RFC 8785). It holds no endpoint, key, class name or path,
//! and no time: the same search gives the same bytes. [`Artifact::load`] believes nothing: size, every key, the format,
//! the digest and the shapes are checked before a program gets any of it.

mod artifact;
mod contents;
mod diff;
mod error;
mod file;
mod format;
mod name;

mod store;

mod summary;

pub use artifact::{Artifact, Verified};
pub use contents::{
    Comparison, Contents, Estimate, Evidence, Fixed, Measured, Program, Provenance, Requires, SplitName,
};
pub use diff::{Diff, Line, Mark, Section, diff};
pub use error::ArtifactError;
pub use file::replace;
pub use format::{FORMAT, MAX_BYTES};
pub use name::{ProgramName, ProgramNameError};
pub use store::{Entry, Store};
pub use summary::Summary;

#[cfg(test)]
mod tests;
