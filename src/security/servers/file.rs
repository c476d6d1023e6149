//! From the text of a boundary file to [`Servers`](super::Servers).

mod context;
mod read;
mod secret;
mod server;
mod token;

pub(in crate::security) use context::LoadContext;
pub(in crate::security) use read::read;
