//! From the text of a boundary file to [`Servers`](super::Servers).

mod context;
mod read;
mod secret;
mod server_table;
mod token;

pub(crate) use context::LoadContext;
pub(crate) use read::read;
