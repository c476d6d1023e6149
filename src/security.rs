//! The boundary: what the operator allows, and the only way to a tool.

pub mod audit;
pub mod boundary;
pub mod check;
mod guard;
mod scope;
mod session;

pub use audit::Audit;
pub use boundary::Boundary;
pub use check::{
    Check, CheckError, Denied, Verdict,
    token::{GrantError, GrantedScopes, Grants},
};
pub use guard::{Guard, Passage, Permit, Refused};
pub use scope::{Scope, ScopeError, ScopeSet};
pub use session::{Labels, Mode, Session};
