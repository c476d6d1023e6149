//! (spike)
