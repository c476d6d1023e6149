// the first definition of a link counts: README has its own for those who read it in the repository
//! [ARCHITECTURE.md]: https://github.com/abide-rs/abide/blob/main/ARCHITECTURE.md
//! [Apache-2.0]: https://github.com/abide-rs/abide/blob/main/LICENSE-APACHE
//! [MIT]: https://github.com/abide-rs/abide/blob/main/LICENSE-MIT
//! [SECURITY.md]: https://github.com/abide-rs/abide/blob/main/SECURITY.md
//! [abide]: crate
//! [base]: abide_base
//! [benches]: https://github.com/abide-rs/abide/blob/main/benches
//! [cli]: https://github.com/abide-rs/abide/blob/main/cli
//! [credentials]: crate::credentials
//! [docs/audit.md]: crate::guide::audit
//! [docs/boundary.md]: crate::guide::boundary
//! [docs/episodes.md]: crate::guide::episodes
//! [docs/events.md]: crate::guide::events
//! [docs/prompt-format.md]: crate::guide::prompt_format
//! [docs/models.md]: crate::guide::models
//! [docs/servers.md]: crate::guide::servers
//! [examples/data/customer_service]: https://github.com/abide-rs/abide/blob/main/examples/data/customer_service
//! [guard]: crate::guard
//! [lm]: crate::lm
//! [mcp]: crate::mcp
//! [net]: crate::net
//! [optimizers]: crate::optimizers
//! [review]: crate::review
//! [signatures]: abide_signatures
//! [testbed]: https://github.com/abide-rs/abide/blob/main/testbed
//!
#![doc = include_str!("../README.md")]

extern crate self as abide;

pub mod adapter;
pub mod artifact;
pub mod compile;
pub mod data;
pub mod episode;
pub mod evaluate;
pub mod guide;
pub mod metric;
pub mod module;
pub mod prelude;
pub mod report;
pub mod runtime;
#[cfg(test)]
mod testing;
pub mod tool;

pub use abide_base::{call, clock, event, id, scope, secret, usage};

/// OAuth 2.1 client for MCP servers, JWT verification and signing.
pub use abide_credentials as credentials;
pub use abide_derive::{Signature, Tunable};

/// Needed to implement a port: a model, a check, an approver, a search.
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
pub use abide_signatures::shape;
pub use abide_signatures::{
    Bound, CanonicalError, Constraints, DeclarationError, Demo, Digest, FieldError, FieldSpec, Fields, Flag,
    InstallError, Leniency, Origin, Pattern, PatternError, ProgramState, Shape, Signature, SignatureSpec, Slot, SlotId,
    SlotPath, SlotPathError, SlotState, SpecError, Suggestion, Tunable, canonical_json, separate,
};
pub use runtime::Runtime;
