use abide_base::call::{NameError, ToolName};
use abide_guard::recording::ReplayError;

/// Why runs make no boundary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InferError {
    /// There are none.
    #[error("there are no episodes: record some good runs first")]
    Empty,
    /// A call that should have been denied teaches the wrong thing.
    #[error("the episode `{episode}` expects a denial: give only good episodes")]
    ExpectsDenial {
        /// The episode.
        episode: String,
    },
    /// No tool has this name.
    #[error("the episode `{episode}` is not good, it calls what can be no tool: {error}")]
    Tool {
        /// The episode.
        episode: String,
        /// What is wrong with the name.
        error: NameError,
    },
    /// A recording says what cannot be.
    #[error("the episode `{episode}` cannot be used: {error}")]
    Recording {
        /// The episode.
        episode: String,
        /// What is wrong with it.
        error: ReplayError,
    },
    /// The operator knows a tool that no episode calls.
    #[error("no episode calls `{tool}`: correct the name, or leave it out")]
    NotCalled {
        /// The tool.
        tool: ToolName,
    },
}
