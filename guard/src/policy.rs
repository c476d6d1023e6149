//! What the operator allows: tools, scopes, effects, argument rules, limits (least privilege, an allowlist).
//!
//! A [`Policy`] is the part of a boundary file that the guard decides by ([`Policy::load`]), or is made in code ([`Policy::new`]). Tools
//! that it does not name are not allowed. It never changes.

mod concern;
mod duration;
mod error;
mod file;
mod key;
mod lock;
#[doc(hidden)]
pub mod order;
mod policy;
mod reader;
mod recorded;
mod registry;
mod rule;
mod spec;
mod text;
mod validate;

pub(crate) use concern::{NoEgressFields, Watched};
#[doc(hidden)]
pub use duration::duration;
pub use error::{BoundaryError, Problem};
#[doc(hidden)]
pub use file::{LoadMode, read, read_file};
#[doc(hidden)]
pub use key::{TABLES, field_path};
pub use lock::{Approved, Drift, LockError, ToolLock};
pub use policy::{MAX_BYTES, Policy};
#[doc(hidden)]
pub use policy::{check_size, invalid, text_of};
#[doc(hidden)]
pub use reader::{Lines, Table, join as key_path};
pub use recorded::Recorded;
pub use registry::Registry;
pub use rule::{
    Answer, AnyOf, Approval, ArgumentMatch, ArgumentRule, CallLimits, Class, ClassPattern, CompileWrites, Distinct,
    Kept, Limits, Markup, Overridable, PriorCall, PriorCallError, Rate, RateError, ReadAs, ReplyRule, RuleId, Source,
    ToolRule, UnlistedArguments, Uses, WindowLimit, WrittenAs,
};
pub use spec::PolicySpec;
#[doc(hidden)]
pub use text::read_text;
#[doc(hidden)]
pub use validate::{Declared, validate};
