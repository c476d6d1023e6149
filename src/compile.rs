//! Searching for a better program, and sealing it as an artifact.

mod compiler;
mod demonstrate;
mod evidence;
mod subject;

pub use compiler::{CompileError, Compiled, Compiler};
