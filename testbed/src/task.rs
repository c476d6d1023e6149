//! What a right outcome of a customer-service request is, and how right an outcome was.
//!
//! Only the result counts here: needless lookups do not lower a grade, for the boundary is scored elsewhere.

mod answer;
#[cfg(test)]
mod dataset;
mod fault;
mod grade;
mod label;
mod state;

pub use self::{
    fault::Fault,
    grade::{grade, verdict},
    label::{Expects, Label, WantedCall, WantedTicket},
    state::{ExecutedCall, Refund, State, Ticket},
};

#[cfg(test)]
mod tests;
