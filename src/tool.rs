//! Tools: where calls go, and the only way an agent runs one.

mod function;
pub mod mcp;
mod toolbox;

pub use function::Function;
pub use toolbox::{Survey, ToolOutcome, Toolbox, ToolboxError};
