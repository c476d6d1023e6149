//! What cannot be a signature as a whole.

use abide_derive::Signature;

#[derive(Signature)]
#[signature(crate = "::abide_signatures")]
struct NoInstructionNorOutput {
    #[input]
    question: String,
}

///
#[derive(Signature)]
#[signature(crate = "::abide_signatures")]
struct Blank {
    #[output]
    answer: String,
}

/// Answer.
#[derive(Signature)]
#[signature(crate = "::abide_signatures", instruction = 3)]
struct Number {
    #[output]
    answer: String,
}

/// Answer.
#[derive(Signature)]
#[signature(crate = "::abide_signatures")]
#[serde(rename_all = "camelCase")]
struct Generic<'a, T> {
    #[output]
    answer: &'a T,
    unmarked: T,
}

/// Answer.
#[derive(Signature)]
enum Enum {
    A,
}

/// Answer.
#[derive(Signature)]
union Union {
    a: u8,
}

/// Answer.
#[derive(Signature)]
struct Tuple(String);

/// Answer.
#[derive(Signature)]
struct Unit;

fn main() {}
