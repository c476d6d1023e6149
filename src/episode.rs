//! The record of one run.

mod episode;
mod recorder;
mod recording;
mod step;

pub use episode::Episode;
pub use recorder::Recorder;
pub use step::{CallVerdict, Exchange, ModelStep, Step, ToolStep};

#[cfg(test)]
mod tests;
