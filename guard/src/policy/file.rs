//! From the text of a boundary file to a [`PolicySpec`](super::PolicySpec).

mod flow;
mod limits;
mod read;
mod tool;

pub use limits::{duration, rate as read_rate};
pub(super) use read::read_policy;
pub use read::{LoadMode, read, read_file};
