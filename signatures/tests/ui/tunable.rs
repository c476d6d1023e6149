//! What cannot be walked.

use abide_derive::Tunable;
use abide_signatures::Slot;

#[derive(Tunable)]
enum Enum {
    A(Slot),
}

#[derive(Tunable)]
union Union {
    a: u8,
}

#[derive(Tunable)]
#[tunable(crates = "::abide_signatures")]
struct Keys {
    #[tunable(skipped)]
    a: Slot,
    #[tunable(skip = 3)]
    b: Slot,
}

fn main() {}
