//! JSON Schemas of servers: what they may cost, and whether values fit them.
//!
//! A schema is measured before the library sees it: its size, and how many sub-schemas apply to one part of a value when all references
//! are followed. What checking a value will cost, its price, is estimated before it is checked. So no schema and no value takes more than
//! a second, or memory without bound, whatever a server sends.

mod compiled;
mod declared;
mod error;
mod graph;
mod limits;
mod never;
mod order;
mod own;
mod pattern;
mod price;
mod raw;

pub use compiled::{CheckPermits, Measured, Schema};
pub use declared::{declared_argument, declares, is_closed, schema_of, takes, takes_field};
pub use error::{Misfit, Place, SchemaError};
pub use limits::Excess;
pub use never::why_no_arguments_fit;

#[cfg(test)]
mod tests;
