//! The rules that the guard asks about a call.
//!
//! The built-in ones are plain functions, one in each file below this one; they take the operator's rule and answer
//! `Ok` or [`Denied`]. Users add their own with the trait [`Check`]. No check can *allow* anything: only the boundary's entry
//! for a tool does; all the others can only refuse.

#[doc(hidden)]
pub mod args;
mod arguments;
mod asked;
pub(super) mod budget;
mod custom;
mod denied;
pub(super) mod drift;
pub(super) mod entry;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub(crate) mod input_schema;
pub(super) mod leak;
#[doc(hidden)]
pub mod provenance;
pub(super) mod sequence;
pub(super) mod token;
#[doc(hidden)]
pub mod values;

pub(super) use arguments::arguments;
pub(super) use asked::Asked;
pub use custom::{Check, CheckError, Verdict};
pub use denied::Denied;
