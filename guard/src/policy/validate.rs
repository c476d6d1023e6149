//! What must hold of a policy however it was made.

mod declared;
mod policy;
mod sequence;
mod tool;

pub use declared::Declared;
pub use policy::validate;
