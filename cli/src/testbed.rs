#[cfg(feature = "testbed")]
mod odd;
mod testbed;

pub(crate) use testbed::{Served, serve};
