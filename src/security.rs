//! The boundary: what the operator allows, and the only way to a tool.

pub mod approval;
pub mod audit;
pub mod boundary;
pub mod cedar;
pub mod check;
pub mod compare;
mod guard;
pub mod infer;
pub mod jwt;
pub mod lint;
mod live;
pub mod oauth;
mod pace;
mod place;
pub mod replay;
mod scope;
mod session;

pub use audit::Audit;
pub use boundary::{Boundary, BoundaryError};
pub use check::{
    Check, CheckError, Denied, Verdict,
    token::{GrantError, GrantedScopes, Grants},
};
pub(crate) use check::{answer::check as check_answer, schema};
pub use guard::{Guard, Passage, Permit, Permitted, Refused};
pub use live::Live;
pub use scope::{Scope, ScopeError, ScopeSet};
pub use session::{Caller, Labels, Mode, Session};
pub(crate) use session::{WRAPPER, has_json_texts, json_of};
