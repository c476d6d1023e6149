//! Tools: where calls go, and the only way an agent runs one.

mod function;
mod toolbox;

pub use function::Function;
pub use toolbox::{Survey, ToolOutcome, Toolbox, ToolboxError};
