use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use crate::SignatureSpec;

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
