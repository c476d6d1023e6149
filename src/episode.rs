//! The record of one run.

mod episode;
mod recorder;
mod step;

pub use episode::{Episode, RunId};
pub use recorder::Recorder;
pub use step::{CallVerdict, Exchange, ModelStep, Step, ToolStep};
