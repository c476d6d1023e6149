//! The only place that turns a wanted call into a permitted one.
//!
//! [`Guard::authorize`] asks, in this order:
//!
//! | # | asked | refusal |
//! |---|---|---|
//! | 1 | has the boundary an entry, and the server the tool? | `tool_not_allowed`, `unknown_tool` |
//! | 2 | is its definition the approved one? | `tool_drift` |
//! | 3 | has the token the scopes? | `scope_missing`; no token: not scored |
//! | 4 | do the arguments fit the tool's schema? | `arguments_malformed` |
//! | 5 | do they keep the operator's rules? | `argument_denied` |
//! | 6 | do they come from where they must? | `provenance_denied` |
//! | 7 | do they carry out what must stay in? | `leak_denied`, `canary_triggered` |
//! | 8 | do the user's own checks agree? | theirs; an error or a panic: `check_failed` |
//! | 9 | is there a place left: calls, values, budget, text sent out? | `call_limit`, `bulk_access`, `budget_exhausted`, `outgoing_limit` |
//! | 10 | have the calls come that must come before, and none that must not, nor the same write? | `sequence_denied`, `redundant_call` |
//! | 11 | is the call approved, where approval is required? | `approval_missing` |
//! | 12 | is there a place in the windows and in the rate? | `rate_limited` |
//! | 13 | is the decision in the audit? | `check_failed` |
//!
//! **One refusal is enough**: whatever others say, the call is not made. Steps 1, 2 and 4 end the asking, because nothing more can be
//! said of such a call; 3 and 5 to 8 are all asked, and all that they object is recorded, the first of it as the reason that the
//! program is told. Steps 9 to 13 take a place or an approver's time, so they are asked only where no check has objected, or where all
//! objections are ones that the rule lets an approver override (`overridable`).
//!
//! Only step 1 can find a rule that allows the call, and only its finding leads on. A [`PendingCall`] is made in one line of
//! `guard/guard.rs`.

mod answer;
mod denial;
mod failure;
mod guard;
mod inspect;
mod objections;
mod pending;
pub(super) mod reply;
mod scrubbed;
mod stand_in;

pub use denial::{Denial, Unauthorized};
pub use failure::{CallFailure, FailureKind};
pub use guard::Guard;
pub use pending::{Authorized, PendingCall};

#[cfg(test)]
mod tests;
