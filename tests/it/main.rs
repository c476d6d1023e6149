//! Integration tests: one binary.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod architecture;
mod audit;
mod bad_input;
mod call;
mod cli;
mod compile;
mod evaluate;
mod events;
mod faults;
mod gaps;
mod gateway;
mod hostile;
mod login;
mod modules;
mod optimization_attack;
mod policy;
mod ports;
mod providers;
mod referees;
mod replies;
mod scripted;
mod secrets;
mod servers;
mod storm;
mod support;
mod tokens;
mod transport;
mod wild;
