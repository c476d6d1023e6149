#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod board;
mod bootstrap;
mod random_search;
mod study;
mod synthetic;
