//! Compile language-model programs that use tools, so that they learn to stay inside their security boundary.
//!
//! You declare a typed [`Signature`], build a program out of [modules](module), say in a [`Boundary`](security::Boundary)
//! what it may touch, and give examples and a metric. A [`Compiler`](compile::Compiler) searches for better instructions
//! and demonstrations, scores every run by *task success minus what it did to the boundary*, and seals the winner as an
//! [`Artifact`](artifact::Artifact): a small, versioned, verifiable JSON file.
//!
//! Two things are always there: the [guard](security::Guard), which holds whatever the model does, and the
//! [record of every run](episode::Episode), which scores are made of.
#![doc = include_str!("../docs/first-program.md")]

extern crate self as abide;

pub mod adapter;
pub mod artifact;
pub mod call;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
pub mod compile;
pub mod data;
pub mod episode;
pub mod evaluate;
pub mod event;
pub mod lm;
pub mod metric;
pub mod module;
pub mod net;
pub mod prelude;
pub mod report;
pub mod runtime;
pub mod secret;
pub mod security;
#[cfg(test)]
mod testing;
pub mod tool;
pub mod usage;

pub use abide_derive::{Signature, Tunable};
/// The searches, and the port that searches run through.
pub use abide_optimizers as optimizers;
#[doc(hidden)]
pub use abide_signatures::__private;
pub use abide_signatures::{
    CanonicalError, Constraints, Demo, Digest, FieldError, FieldKind, FieldSpec, Fields, InstallError, Origin, Pattern,
    PatternError, ProgramState, Signature, SignatureSpec, Slot, SlotId, SlotPath, SlotPathError, SlotState, SpecError,
    Tunable, canonical_json, separate,
};
pub use runtime::Runtime;
