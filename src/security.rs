//! The boundary: what the operator allows, and the only way to a tool.

pub mod approval;
pub mod audit;
pub mod boundary;
mod call_digest;
pub mod cedar;
pub mod check;
pub mod compare;
mod connections;
mod guard;
pub mod infer;
pub mod jwt;
pub mod lint;
pub mod oauth;
mod pace;
mod place;
pub mod policy;
pub mod recording;
pub mod replay;
mod scope;
pub mod servers;
mod session;

pub use audit::Audit;
pub use boundary::Boundary;
pub use check::{
    Check, CheckError, Denied, Verdict,
    token::{GrantError, GrantedScopes, Grants},
};
pub(crate) use check::{answer::check as check_answer, schema};
pub use connections::Connections;
pub use guard::{Guard, Passage, Permit, Permitted, Refused};
pub use policy::{BoundaryError, Policy};
pub use scope::{Scope, ScopeError, ScopeSet};
pub use session::{Caller, Labels, Mode, Session};
pub(crate) use session::{WRAPPER, has_json_texts, json_of};
