//! Compile language-model programs that use tools, so that they learn to stay inside their security boundary.

extern crate self as abide;

pub mod artifact;
pub mod call;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
pub mod data;
pub mod episode;
pub mod event;
pub mod lm;
pub mod net;
pub mod secret;
pub mod security;
pub mod usage;

#[doc(hidden)]
pub use abide_signatures::__private;
pub use abide_signatures::{
    CanonicalError, Constraints, Demo, Digest, FieldError, FieldKind, FieldSpec, Fields,
    InstallError, Origin, Pattern, PatternError, ProgramState, Signature, SignatureSpec, Slot,
    SlotId, SlotPath, SlotPathError, SlotState, SpecError, Tunable, canonical_json, separate,
};
