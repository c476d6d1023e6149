//! Steps from input to output.

mod boxed;
mod chain_of_thought;
mod exchange;
mod module;
mod predict;
mod react;

pub use boxed::Boxed;
pub use chain_of_thought::{ChainOfThought, Reasoned};
pub use module::{Module, Program};
pub use predict::Predict;
pub use react::ReAct;

#[cfg(test)]
mod tests;
