//! The stdio transport: messages over a program's standard input and output, one a line.

mod open;
mod pipes;

pub(in crate::client) use pipes::{Context, Cut, Pipes};

#[cfg(test)]
mod tests;
