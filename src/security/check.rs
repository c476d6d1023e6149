//! The rules that the guard asks about a call.
//!
//! The built-in ones are plain functions, one in each file below this one; they take the operator's rule and answer
//! `Ok` or [`Denied`]. Users add their own with the trait [`Check`]. No check can *allow* anything: only the boundary's entry
//! for a tool does; all the others can only refuse.

pub(crate) mod answer;
pub(super) mod args;
mod arguments;
mod asked;
pub(super) mod budget;
mod control;
mod custom;
mod denied;
pub(super) mod drift;
pub(super) mod entry;
#[cfg(fuzzing)]
pub mod fuzzing;
pub(super) mod invisible;
pub(super) mod leak;
pub(super) mod link;
pub(super) mod markers;
pub(super) mod markup;
pub(super) mod provenance;
pub(super) mod rate;
pub(super) mod reply;
pub(super) mod rule_name;
pub(crate) mod schema;
pub(super) mod secret_shape;
pub(super) mod sequence;
pub(super) mod token;
pub(super) mod values;
pub(super) mod views;
pub(super) mod window;
mod written;

pub(super) use arguments::arguments;
pub(super) use asked::Asked;
pub use custom::{Check, CheckError, Verdict};
pub use denied::Denied;
