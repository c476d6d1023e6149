//! What the protocol library does with credentials when it is left to itself, and what we do, against the same servers.
//!
//! Each test has two halves: the first shows the library's gap and fails on the day on which the library mends it; the second
//! shows that it is none of ours. Measured with rmcp 3.11.0.

mod addresses;
mod bare;
mod credentials;
mod lab;
mod ours;
mod verdicts;
