//! An OAuth 2.1 authorization server for machine clients: client-credentials grant (RFC 6749
//! section 4.4), resource indicators (RFC 8707), JWT access tokens (RFC 9068), metadata (RFC 8414
//! and OpenID Connect discovery), key set (RFC 7517).

mod access_token;
mod client;
mod code;
mod credentials;
mod desk;
mod error;
mod fault;
mod form;
mod key;
mod metadata;
mod options;
mod problem;
mod server;
mod state;
mod token;
mod trust;

pub use self::{
    client::Client,
    desk::{Desk, Quirk},
    error::Error,
    fault::Fault,
    key::Algorithm,
    options::Options,
    server::{Counters, Server},
};
pub(crate) use self::{key::Key, trust::Trust};

#[cfg(test)]
mod tests;
