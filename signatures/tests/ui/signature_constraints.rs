//! Constraints that no value could satisfy, that are none, or that the field's type cannot have.

use std::collections::BTreeMap;

/// Answer.
#[derive(abide_derive::Signature)]
#[signature(crate = "::abide_signatures")]
struct Wrong {
    #[input(min = 2, max = 1.5)]
    range: f64,
    #[input(min_chars = 3, max_chars = 2)]
    length: String,
    #[input(pattern = "(")]
    unclosed: String,
    #[input(pattern = "a)|(b")]
    unbalanced: String,
    #[input(pattern = "(?=a)b")]
    look_ahead: String,
    #[input(pattern = r"(\w{1000}){1000}")]
    too_big: String,
    #[input(max_chars = 3, pattern = "a")]
    number: Option<u8>,
    #[input(min = 0, max_items = 3)]
    text: std::option::Option<std::string::String>,
    #[input(max = 1, max_chars = 3)]
    map: BTreeMap<String, f64>,
    #[input(min_chars = 1)]
    list: Vec<String>,
    #[input(max = 1)]
    truth: bool,
    #[output]
    fine: bool,
}

fn main() {}
