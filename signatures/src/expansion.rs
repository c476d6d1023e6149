//! What the derive macros call in the code that they write.

use crate::{FieldSpec, Pattern, SignatureSpec};

/// A signature whose parts the derive macro has checked.
pub fn spec(name: &str, instruction: &str, inputs: Vec<FieldSpec>, outputs: Vec<FieldSpec>) -> SignatureSpec {
    SignatureSpec { name: name.to_owned(), instruction: instruction.to_owned(), inputs, outputs }
}

/// A pattern that the derive macro has compiled already, just as it is compiled here.
pub fn pattern(source: &str) -> Option<Pattern> {
    Pattern::new(source).ok()
}
