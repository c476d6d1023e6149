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
pub use memory::{Memory, Origin, is_blank_text, texts};
pub(crate) use session::Reservation;
pub use session::{Caller, Labels, Mode, Oversight, Session};
pub use structure::Structure;
pub use structure::{WRAPPER, has_json_texts, json_of};

#[cfg(test)]
mod tests;
