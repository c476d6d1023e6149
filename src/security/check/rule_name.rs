//! What rules are called in refusals.

/// The rule that refuses an argument without an entry.
pub(in crate::security) const UNLISTED: &str = "other_arguments";

/// The rule that a name is written as the boundary has it.
pub(in crate::security) const MISNAMED: &str = "name";

/// The rule that nobody may lift.
pub(in crate::security) const SECRET: &str = "secret";
