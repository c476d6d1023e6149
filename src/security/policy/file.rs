//! From the text of a boundary file to a [`PolicySpec`](super::PolicySpec).

mod flow;
mod limits;
mod read;
mod tool;

pub(in crate::security) use limits::{duration, rate as read_rate};
pub(in crate::security) use read::{KEYS, LoadMode, not_toml, read, read_policy};
