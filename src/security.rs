//! The boundary: what the operator allows, and the only way to a tool.

pub mod approval;
pub mod audit;
pub mod boundary;
mod call_digest;
pub mod cedar;
pub mod check;
pub mod compare;
mod connection;
mod connections;
mod guard;
pub mod infer;
pub mod jwt;
mod limit;
pub mod lint;
pub mod oauth;
mod pace;
pub mod policy;
pub mod recording;
pub mod replay;
mod rule_path;
pub mod servers;
mod session;
mod text;

pub use audit::Audit;
pub use boundary::Boundary;
pub use check::{
    Check, CheckError, Denied, Verdict,
    token::{GrantError, GrantedScopes, Grants},
};
pub use connection::Connection;
pub use connections::Connections;
pub use guard::{Authorized, CallFailure, Denial, FailureKind, Guard, PendingCall, Unauthorized};
pub use policy::{BoundaryError, Policy, RuleId};
pub use session::{Caller, Labels, Mode, Oversight, Session};
pub(crate) use session::{WRAPPER, has_json_texts, json_of};
