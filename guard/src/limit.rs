//! Limits that hold over many calls: a token bucket for the rate of a boundary (`[limits]`), and sliding-window quotas of callers.

mod queue;
pub mod rate;
pub(super) mod window;
