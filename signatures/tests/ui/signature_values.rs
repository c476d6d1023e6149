//! Keys and values that are not what the attributes take.

/// Answer.
#[derive(abide_derive::Signature)]
#[signature(crate = "::abide_signatures", instructions = "x", derive(Clone, PartialEq, serde::Serialize))]
struct Keys {
    #[input(max_char = 3, minimum = 4, max_chars = 1, max_chars = 2)]
    unknown: String,
    #[input(max_chars = -1, min_chars = 0.5)]
    counts: String,
    #[input(max_items = "3")]
    items: Vec<u8>,
    #[output(min = "0", max = 1e999)]
    bounds: f64,
    #[output(pattern = 3)]
    pattern: String,
    #[input = 3]
    value: String,
}

/// Answer.
#[derive(abide_derive::Signature)]
#[signature(crate = "::abide_signatures", derive(Clone, PartialEq, serde::Serialize))]
struct Derives {
    #[output]
    fine: bool,
}

fn main() {}
