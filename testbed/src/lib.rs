//! (spike)

pub mod model;
