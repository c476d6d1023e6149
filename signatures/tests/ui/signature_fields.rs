//! Every field of one struct is wrong in its own way, and all of it is said at once.

/// Answer.
#[derive(abide_derive::Signature)]
#[signature(crate = "::abide_signatures")]
struct Wrong {
    unmarked: String,
    #[input]
    #[output]
    both: String,
    #[input]
    #[input]
    twice: String,
    #[output]
    completed: bool,
    #[output]
    _hidden: bool,
    #[output]
    größe: u32,
    #[output]
    #[serde(rename = "other")]
    renamed: u32,
    #[output(desc = 3)]
    described: u32,
}

fn main() {}
