//! What must hold of a policy however it was made.

mod declared;
mod policy;
mod sequence;
mod tool;

pub(in crate::security) use declared::Declared;
pub(in crate::security) use policy::validate;
