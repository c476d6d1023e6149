//! What the benches share: bars that a number must keep, and CPU time of single threads.
#![expect(clippy::unwrap_used, clippy::panic, reason = "for benches only")]

mod cpu;
mod verdict;

pub use cpu::on_cpu;
pub use verdict::{Verdict, is_measuring, say};
