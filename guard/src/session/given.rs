//! What counts as given in the input: a whole word of it, or several, as people write them. The table in `docs/boundary.md` says what
//! that is, and its rows are tests.
//!
//! The input is the user's, and the model is not trusted: a part of a word (of an address, a name, a number) is none that the user gave.

mod edge;
mod given;
mod number;

pub(in crate::session) use edge::stands_alone;
pub(in crate::session) use given::{Given, has_token};
pub(super) use number::{number_of, written};

#[cfg(test)]
pub(super) mod tests;
