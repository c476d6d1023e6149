//! Integration tests.

mod transport;
