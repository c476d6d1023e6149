//! What must hold of servers however they were made.

mod server;
mod servers;
mod token;

pub(crate) use servers::validate;
