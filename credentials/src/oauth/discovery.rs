mod discovery;
mod document;

pub use discovery::{Capabilities, capabilities};
pub(in crate::oauth) use discovery::{Metadata, check_available, discover, legacy};
#[cfg(fuzzing)]
pub(in crate::oauth) use discovery::{base, parse, places};

#[cfg(test)]
mod tests;
