//! The command line program `abide`: inspects artifacts, lints and compares boundaries, locks and calls tools, replays recorded calls,
//! verifies audits, and logs in to servers.

mod args;
mod artifact;
mod audit;
mod boundary;
mod call;
mod episodes;
mod error;
mod guard;
mod login;
mod output_format;
mod parse;
mod run;
mod testbed;
mod text;
mod tools;

pub use run::run;
