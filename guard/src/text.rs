//! What stands in texts: addresses and markup, invisible characters, marks of prompt injections, credentials by their shape, and the other
//! forms in which a text may be written. These functions find; what is done about it is decided by checks and by the guard.

pub(super) mod any_text;
pub(super) mod control;
pub mod decodings;
pub(super) mod groups;
pub(super) mod invisible;
pub mod link;
pub(super) mod markers;
pub(super) mod markup;
pub(super) mod secret_shape;
