//! Real servers on loopback to try Abide on, and the customer-service task that is tried on them.

pub mod customers;
pub mod task;
