//! The command line program `abide`: looks at artifacts, logs in to servers, and starts a testbed.

mod args;
mod artifact;
mod audit;
mod boundary;
mod call;
mod episodes;
mod error;
mod form;
mod guard;
mod login;
mod run;
mod testbed;
mod text;
mod tools;

pub use run::run;
