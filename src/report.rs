//! For people at a terminal.

mod progress;

pub use progress::Bar;
