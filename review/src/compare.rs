//! What changed between two boundaries, by what it means: what lets more through, what lets less, and what cannot be compared.
//!
//! "Narrower" is a promise: where nothing but that is said, every run whose calls the second boundary all permits is permitted by the
//! first, call by call. (Of a run with refused calls nothing can be promised: what was refused leaves room for something else.) It
//! says nothing of addresses, of what models are shown, or of what becomes of answers beyond what each line says.

mod change;
mod compare;
mod rules;
mod servers;

pub use change::{Change, Kind};
pub use compare::compare;

#[cfg(test)]
mod tests;
