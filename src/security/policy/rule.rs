mod argument;
mod call_limits;
mod flow;
mod limits;
mod rule;
mod sequence;

pub use argument::{ArgumentRule, ReadAs, Source, WrittenAs};
pub use call_limits::CallLimits;
pub use flow::{Answer, Class, ClassPattern, Kept, Markup, ReplyRule};
pub use limits::{Brake, Limits, Rate, RateError};
pub use rule::{Approval, CompileWrites, Distinct, Liftable, Others, ToolRule};
pub use sequence::{AnyOf, Earlier, EarlierError, Same, Uses};
