#![doc = include_str!("../README.md")]

extern crate self as abide;

pub mod adapter;
pub mod artifact;
pub mod compile;
pub mod data;
pub mod episode;
pub mod evaluate;
pub mod metric;
pub mod module;
pub mod prelude;
pub mod report;
pub mod runtime;
#[cfg(test)]
mod testing;
pub mod tool;

pub use abide_base::{call, clock, event, id, schema, scope, secret, shown, strict, token_shape, usage};

/// OAuth 2.1 client for MCP servers, JWT verification and signing.
pub use abide_credentials as credentials;
pub use abide_derive::{Signature, Tunable};

/// For those who implement a port.
pub use async_trait::async_trait;

/// The guard: the policy, and the only way from a wanted call to a permitted one.
pub use abide_guard as guard;

/// Language models.
pub use abide_lm as lm;

/// Guarded MCP client.
pub use abide_mcp as mcp;
pub use abide_mcp::Boundary;

/// The one HTTP client.
pub use abide_net as net;

/// The searches, and the port that searches run through.
pub use abide_optimizers as optimizers;

/// For authors of boundaries: lint, compare, infer, Cedar export.
pub use abide_review as review;
#[doc(hidden)]
pub use abide_signatures::__private;
pub use abide_signatures::{
    Bound, CanonicalError, Constraints, Demo, Digest, FieldError, FieldKind, FieldSpec, Fields, InstallError, Origin,
    Pattern, PatternError, ProgramState, Signature, SignatureSpec, Slot, SlotId, SlotPath, SlotPathError, SlotState,
    SpecError, Suggestion, Tunable, canonical_json, separate,
};
pub use runtime::Runtime;
