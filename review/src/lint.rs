//! Lints a boundary file: what in it can never be met or never binds, what lets more through than was probably
//! meant, what contradicts itself, and what its servers do not know.
//!
//! Nothing here is needed for safety: the guard does what the file says. A file that cannot be used has its [`Problem`]s before an operator
//! gets here; a [`Finding`] is about a file that can.
//!
//! [`Problem`]: abide_guard::policy::Problem

mod broad;
mod context;
mod finding;
mod fit;
mod lint;
mod listed_tools;
mod reach;

pub use finding::{Code, Finding, Severity};
pub use lint::{check, unusable_part};

#[cfg(test)]
mod tests;
