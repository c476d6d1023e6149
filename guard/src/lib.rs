//! The guard: what an operator allows, and the only way from a wanted tool call to a permitted one.
//!
//! It works with any MCP client, and knows no network: [`Guard::authorize`] gives a [`PendingCall`], whose
//! [`perform`](PendingCall::perform) makes the call and is the only way to a reply, and [`Guard::release`] lets an answer out.
//!
//! Items with `#[doc(hidden)]` are shared with the other crates of Abide only, and change with any release.

pub mod approval;
pub mod audit;
#[doc(hidden)]
pub mod call_digest;
pub mod check;
mod guard;
#[doc(hidden)]
pub mod limit;
pub mod policy;
pub mod recording;
pub mod replay;
mod rule_path;
pub mod session;
#[doc(hidden)]
pub mod text;

pub use abide_base::{call, clock, event, id, scope, secret};
pub use abide_signatures::{Digest, Fields, PatternError};

/// Needed to implement [`Check`], [`Grants`] or [`approval::Approver`].
pub use async_trait::async_trait;
pub use audit::Audit;
pub use check::{
    Check, CheckError, Denied, Verdict,
    token::{GrantError, GrantedScopes, Grants, NoTokens},
};
pub use guard::{Authorized, CallFailure, Denial, FailureKind, Guard, PendingCall, Unauthorized};
pub use policy::{BoundaryError, Policy, RuleId};
pub use session::{Caller, Labels, Mode, Oversight, Session};
#[doc(hidden)]
pub use session::{WRAPPER, has_json_texts, json_of};
