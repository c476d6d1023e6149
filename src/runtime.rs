//! What one run may touch, and running it.

mod builder;
mod cx;
mod error;
mod limits;
mod runtime;

pub use builder::{Builder, Missing};
pub use cx::Cx;
pub use error::{CallError, Infrastructure};
pub use limits::Limits;
pub use runtime::{Run, RunOptions, Runtime};
pub(crate) use shared::Shared;

mod shared;
#[cfg(test)]
mod tests;
