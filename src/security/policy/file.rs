//! From the text of a boundary file to a [`PolicySpec`](super::PolicySpec).

mod flow;
mod limits;
mod read;
mod tool;

pub(crate) use limits::{duration, rate as read_rate};
pub(crate) use read::{LoadMode, read, read_file, read_policy};
