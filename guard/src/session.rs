//! What one run has done so far, as far as the boundary cares.

mod answer;
mod counts;
mod given;
mod kept;
mod memory;
mod reading;
mod session;
mod structure;

#[cfg(test)]
pub(crate) use counts::Attempt;
pub(crate) use counts::{Counts, Made, Need, Reserved, Use, Wanted};
#[doc(hidden)]
pub use memory::{Memory, Origin, is_blank_text, texts};
pub(crate) use session::Reservation;
pub use session::{Caller, Labels, Mode, Oversight, Session};
#[doc(hidden)]
pub use structure::{Structure, WRAPPER, has_json_texts, json_of};

#[cfg(test)]
mod tests;
