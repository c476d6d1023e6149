#[cfg(feature = "testbed")]
mod odd;
mod testbed;

pub(in crate::cli) use testbed::{Served, serve};
