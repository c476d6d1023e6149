//! Fields that have nothing to tune and are not skipped.

use abide_derive::Tunable;
use abide_signatures::Slot;

#[derive(Tunable)]
#[tunable(crate = "::abide_signatures")]
struct Program<M> {
    step: Slot,
    rounds: usize,
    names: Vec<String>,
    module: M,
}

#[derive(Tunable)]
#[tunable(crate = "::abide_signatures")]
struct Outer {
    program: Program<bool>,
}

fn main() {}
