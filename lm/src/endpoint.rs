//! Where a model is served: sending a request, and reading what comes back when it fails.

mod duration;
mod endpoint;
mod failed;
mod failure;
mod html;
mod said;
mod wait;

pub(crate) use endpoint::{Dialect, Endpoint};
pub(crate) use failed::Failed;
pub(crate) use said::Said;

#[cfg(test)]
mod tests;
