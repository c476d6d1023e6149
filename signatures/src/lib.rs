//! What an Abide program declares, and what can be tuned in it.
//!
//! A [`Signature`] is a typed contract: input fields, output fields, an instruction. Its value form is a [`SignatureSpec`];
//! everything below the typed shell works on that. A [`Slot`] is one tunable leaf of a program; a program is
//! [`Tunable`] when its slots can be walked; a [`ProgramState`] is all that compiling may change, keyed by [`SlotPath`].
//!
//! This crate does no I/O and knows nothing of models, tools or tokens.

mod check;
mod digest;
mod fields;
mod kind;
mod slot;
mod spec;
mod state;
mod tunable;

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

pub use check::{Bound, Constraints, FieldError, Pattern, PatternError};
pub use digest::{CanonicalError, Digest, canonical_json};
pub use fields::Fields;
pub use kind::FieldKind;
pub use slot::{Demo, Origin, Slot, SlotId, SlotPath, SlotPathError, SlotState};
pub use spec::{FieldSpec, SignatureSpec, SpecError};
pub use state::{InstallError, ProgramState, Suggestion};
pub use tunable::{Tunable, separate};

/// A typed contract between a program and a model.
///
/// Derive it; the derive writes `XInput` and `XOutput` beside the struct `X`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a signature",
    label = "add `#[derive(Signature)]` and mark fields with `#[input]` or `#[output]`"
)]
pub trait Signature: Send + Sync + 'static {
    /// The input fields as a struct.
    type Input: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;
    /// The output fields as a struct.
    type Output: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;

    /// The value form of the signature.
    fn spec() -> Arc<SignatureSpec>;
}

/// What the derive macros expand to; not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use schemars;
    pub use serde;

    use crate::{FieldSpec, Pattern, SignatureSpec};

    /// A signature whose parts the derive macro has checked.
    pub fn spec(name: &str, instruction: &str, inputs: Vec<FieldSpec>, outputs: Vec<FieldSpec>) -> SignatureSpec {
        SignatureSpec { name: name.to_owned(), instruction: instruction.to_owned(), inputs, outputs }
    }

    /// A pattern that the derive macro has compiled already, just as it is compiled here.
    pub fn pattern(source: &str) -> Option<Pattern> {
        Pattern::new(source).ok()
    }
}

#[cfg(test)]
mod tests;
