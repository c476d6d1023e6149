//! What an Abide program declares, and what can be tuned in it.
//!
//! A [`Signature`] is a typed contract: input fields, output fields, an instruction. Its value form is a [`SignatureSpec`];
//! everything below the typed shell works on that. A [`Slot`] is one tunable leaf of a program; a program is
//! [`Tunable`] when its slots can be walked; a [`ProgramState`] is all that compiling may change, keyed by [`SlotPath`].
//!
//! This crate does no I/O and knows nothing of models, tools or tokens.

mod check;
mod declared;
mod digest;
mod expansion;
mod fields;
pub mod shape;
mod signature;
mod slot;
mod spec;
mod state;
mod tunable;

pub use check::{Bound, Constraints, FieldError, Pattern, PatternError};
pub use declared::DeclarationError;
pub use digest::{CanonicalError, Digest, canonical_json};
pub use fields::Fields;
pub use shape::{Flag, Leniency, Shape};
pub use signature::Signature;
pub use slot::{Demo, Origin, Slot, SlotId, SlotPath, SlotPathError, SlotState};
pub use spec::{FieldSpec, SignatureSpec, SpecError};
pub use state::{InstallError, ProgramState, Suggestion};
pub use tunable::{Tunable, separate};

/// What the derive macros expand to; not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use schemars;
    pub use serde;

    pub use crate::expansion::{pattern, spec};
}

#[cfg(test)]
mod tests;
