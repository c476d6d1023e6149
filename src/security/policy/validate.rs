//! What must hold of a policy however it was made.

mod declared;
mod policy;
mod sequence;
mod tool;

pub(crate) use declared::Declared;
pub(crate) use policy::validate;
